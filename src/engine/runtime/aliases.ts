import type { ModelFile } from "../model/runtime.ts";

/** The two ways between the names of tensors and what a graph calls them. */
export class Aliases {
  readonly #inGraph: ReadonlyMap<string, string>;
  readonly #names: ReadonlyMap<string, string>;

  constructor({ aliases = new Map() }: Pick<ModelFile, "aliases">) {
    this.#inGraph = aliases;
    this.#names = new Map([...aliases].map(([name, alias]) => [alias, name]));
  }

  inGraph(name: string): string {
    return this.#inGraph.get(name) ?? name;
  }

  nameOf(inGraph: string): string {
    return this.#names.get(inGraph) ?? inGraph;
  }
}
