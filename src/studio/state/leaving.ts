import { studio } from "./store.ts";
import { engine } from "./workers.ts";

/** A page that still runs by then was not left. */
const STAYED_MS = 2000;

/**
 * Has the browser ask before the page is left while a job runs, and a calibration hand over what it saw meanwhile. Returns how to
 * stop that.
 */
export function askBeforeLeaving(): () => void {
  const ask = (event: BeforeUnloadEvent) => {
    if (studio.getState().work.job === null) return;
    event.preventDefault();
    void engine.tell((api) => api.leave(true));
    setTimeout(() => void engine.tell((api) => api.leave(false)), STAYED_MS);
  };
  window.addEventListener("beforeunload", ask);
  return () => window.removeEventListener("beforeunload", ask);
}
