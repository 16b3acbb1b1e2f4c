import type { WrittenGraph } from "../../engine/model/modelGraph.ts";
import type { Row } from "../state/layers.ts";
import type { Topology } from "./topology.ts";

/** The row of the list that each node of a graph stands for; null for one that the list has not. */
export function rowsOfNodes(
  { nodes }: Topology,
  rows: readonly Row[],
  written: WrittenGraph | null,
): readonly (Row | null)[] {
  const byId = new Map(rows.map((row) => [row.id, row]));
  const layerOf = new Map(written?.nodes.map(({ id, layer }) => [id, layer]));
  return nodes.map(({ id, kind }) => byId.get((kind === "layer" && written ? layerOf.get(id) : id) ?? "") ?? null);
}
