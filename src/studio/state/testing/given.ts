import type { StoreApi } from "zustand/vanilla";
import type { Project } from "../slices/project.ts";
import type { Results } from "../slices/results.ts";
import type { StudioState } from "../slices/studio.ts";
import type { View } from "../slices/view.ts";
import type { Work } from "../slices/work.ts";
import { studio } from "../store.ts";

const { setState } = studio as StoreApi<StudioState>;

/** Sets fields of the state, of whichever slices they are, as no action would. */
export function given(fields: Partial<Project & Work & Results & View>): void {
  setState((state) => withFields(state, fields));
}

/** A state with these fields, all others as at the start. */
export function stateWith(fields: Partial<Project & Work & Results & View>): StudioState {
  return withFields(studio.getInitialState(), fields);
}

/** Puts everything back as it was at the start. */
export function fresh(): void {
  setState(studio.getInitialState());
}

function withFields(state: StudioState, fields: object): StudioState {
  const of = (slice: object) => Object.fromEntries(Object.entries(fields).filter(([name]) => name in slice));
  const { project, work, results, view, host } = state;
  return {
    project: { ...project, ...of(project) },
    work: { ...work, ...of(work) },
    results: { ...results, ...of(results) },
    view: { ...view, ...of(view) },
    host,
  };
}
