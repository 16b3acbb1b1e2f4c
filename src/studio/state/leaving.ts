import { studio } from "./store.ts";

/** Has the browser ask before the page is left while a job runs. Returns how to stop that. */
export function askBeforeLeaving(): () => void {
  const ask = (event: BeforeUnloadEvent) => {
    if (studio.getState().work.job !== null) event.preventDefault();
  };
  window.addEventListener("beforeunload", ask);
  return () => window.removeEventListener("beforeunload", ask);
}
