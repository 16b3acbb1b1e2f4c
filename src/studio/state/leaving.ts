import { waitUntilKept } from "./keeping.ts";
import { studio } from "./store.ts";
import { engine } from "./workers.ts";

/** A page that still runs by then was not left. */
const STAYED_MS = 2000;

/**
 * Has the browser ask before the page is left while a job runs, and what a calibration saw be stored before it goes. Returns how to
 * stop that.
 */
export function askBeforeLeaving(): () => void {
  const ask = (event: BeforeUnloadEvent) => {
    if (studio.getState().work.job === null) return;
    event.preventDefault();
    void engine.tell((api) => api.leave(true));
    setTimeout(() => void engine.tell((api) => api.leave(false)), STAYED_MS);
  };
  const leave = () => {
    void engine.tell((api) => api.leave(true));
    waitUntilKept();
  };
  window.addEventListener("beforeunload", ask);
  window.addEventListener("pagehide", leave);
  return () => {
    window.removeEventListener("beforeunload", ask);
    window.removeEventListener("pagehide", leave);
  };
}
