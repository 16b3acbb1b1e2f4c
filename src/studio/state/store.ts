import { createStore, type StoreApi } from "zustand/vanilla";
import { hostChanges } from "./slices/host.ts";
import { projectChanges } from "./slices/project.ts";
import { resultsChanges } from "./slices/results.ts";
import type { Actions, Changes } from "./slices/slice.ts";
import { firstState, type StudioState, studioChanges } from "./slices/studio.ts";
import { viewChanges } from "./slices/view.ts";
import { workChanges } from "./slices/work.ts";

const store = createStore<StudioState>(firstState);

/** The state to read and to follow; what changes it are `actions`, and nothing else. */
export const studio: Pick<StoreApi<StudioState>, "getState" | "getInitialState" | "subscribe"> = store;

/** How changes become actions, given how one is made. */
function acting<S>(make: (change: (slice: S) => Partial<S>) => void) {
  return <C extends Changes<S>>(changes: C): Actions<C> => {
    const entries = Object.entries<Changes<S>[string]>(changes);
    const actions = entries.map(([name, change]) => [
      name,
      (...known: never[]) => make((slice) => change(slice, ...known)),
    ]);
    return Object.fromEntries(actions);
  };
}

function actingOn<K extends keyof StudioState>(key: K) {
  return acting<StudioState[K]>((change) =>
    store.setState((state) => ({ [key]: { ...state[key], ...change(state[key]) } })),
  );
}

/** All that can happen to the state, as the slices name it. */
export const actions = {
  ...actingOn("project")(projectChanges),
  ...actingOn("work")(workChanges),
  ...actingOn("results")(resultsChanges),
  ...actingOn("view")(viewChanges),
  ...actingOn("host")(hostChanges),
  ...acting<StudioState>((change) => store.setState(change))(studioChanges),
};
