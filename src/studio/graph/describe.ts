import { precisionName } from "../parts/Precision.tsx";
import { rowReason } from "../state/rowReason.ts";
import type { SceneNode } from "./scene.ts";
import type { Topology } from "./topology.ts";

const MOST_NAMES = 6;

/** A node in words: what it is, and with `long` what it reads and what reads it. `figure` says what its figure is. */
export function describe(
  { producers, consumers }: Pick<Topology, "producers" | "consumers">,
  nodes: readonly Pick<SceneNode, "kind" | "name" | "operator" | "precision" | "heat" | "row">[],
  index: number,
  figure: string,
): { readonly short: string; readonly long: string } {
  const { kind, operator, precision, heat, row, name } = nodes[index]!;
  const fused = row?.fusedWith ? `fused with ${row.fusedWith}` : null;
  const parts = [
    kind === "block" ? `Block ${name}, ${operator}` : `${operator} ${row?.id ?? name}`,
    precision && precisionName(precision),
    row && rowReason(row),
    fused,
    heat && `${kind === "block" ? "worst " : ""}${figure}: ${heat.text}`,
  ];
  const short = parts.filter(Boolean).join(", ");
  const named = (others: readonly number[]) => {
    const names = others.slice(0, MOST_NAMES).map((other) => called(nodes[other]!));
    const more = others.length - names.length;
    return names.join(", ") + (more > 0 ? ` and ${more} more` : "");
  };
  const reads = producers[index]!.length > 0 ? ` Reads ${named(producers[index]!)}.` : "";
  const readers = consumers[index]!.length > 0 ? ` Read by ${named(consumers[index]!)}.` : "";
  return { short, long: `${short}.${reads}${readers}` };
}

function called({ kind, operator, name }: Pick<SceneNode, "kind" | "operator" | "name">): string {
  return kind === "block" ? `block ${name}` : `${operator} ${name}`;
}
