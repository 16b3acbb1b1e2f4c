import { useSyncExternalStore } from "react";

/** Less than what the three panes need beside one another, CSS pixels. */
const NARROW = "(max-width: 919px)";

function subscribe(changed: () => void): () => void {
  const query = matchMedia(NARROW);
  query.addEventListener("change", changed);
  return () => query.removeEventListener("change", changed);
}

/** Whether the window is too narrow for the panes to stand beside one another, by its size or by zoom. */
export function useNarrow(): boolean {
  return useSyncExternalStore(subscribe, () => matchMedia(NARROW).matches);
}
