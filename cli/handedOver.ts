import type { ModelFile, Runtime } from "../src/engine/model/runtime.ts";

/** A model on its way to a thread or a process that runs it. */
export interface HandedOver extends Pick<ModelFile, "graph" | "external" | "aliases"> {
  /** Of the files that the graph names; null where `external` has them. */
  readonly folder: string | null;
}

/** With weights left in their files where the runtime opens files by itself. */
export function handOver({ graph, external, aliases, linked }: ModelFile, { provider }: Runtime): HandedOver {
  const named = aliases && { aliases };
  if (!linked || provider !== "cpu") return { graph, external, folder: null, ...named };
  return { graph: linked.graph, external: [], folder: linked.folder, ...named };
}

/** The model there; whether files are what they were is asked by who handed it over. */
export function takeOver({ folder, ...file }: HandedOver): ModelFile {
  if (folder === null) return file;
  return { ...file, linked: { graph: file.graph, folder, assertSame: () => undefined } };
}
