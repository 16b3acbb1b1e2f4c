import { useStore } from "zustand";
import type { Host } from "./slices/host.ts";
import type { Project } from "./slices/project.ts";
import type { Results } from "./slices/results.ts";
import type { StudioState } from "./slices/studio.ts";
import type { View } from "./slices/view.ts";
import type { Work } from "./slices/work.ts";
import { studio } from "./store.ts";

/*
 * A part of the state in a component, out of one slice or of several; `select` must return a value that is the same while
 * nothing changed.
 */

export function useStudio<T>(select: (state: StudioState) => T): T {
  return useStore(studio, select);
}

export function useProject<T>(select: (project: Project) => T): T {
  return useStudio(({ project }) => select(project));
}

export function useWork<T>(select: (work: Work) => T): T {
  return useStudio(({ work }) => select(work));
}

export function useResults<T>(select: (results: Results) => T): T {
  return useStudio(({ results }) => select(results));
}

export function useView<T>(select: (view: View) => T): T {
  return useStudio(({ view }) => select(view));
}

export function useHost<T>(select: (host: Host) => T): T {
  return useStudio(({ host }) => select(host));
}
