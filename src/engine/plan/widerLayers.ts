import type { Recipe } from "../model/recipe.ts";
import { own } from "../model/record.ts";
import type { GraphIndex } from "../onnx/graph.ts";
import { dimsOf } from "../onnx/tensor.ts";
import { operatorFor } from "../operators/index.ts";
import type { Target } from "../targets/target.ts";
import { weightBits } from "../values/codes.ts";
import { elementCount } from "../values/dims.ts";
import { lookedUpTable } from "./ownOperator.ts";
import { weightUse } from "./weightUse.ts";

/** The share of a model's weights that blocks have to fit for the others to be in float16. */
const LEAST_IN_BLOCKS = 1 / 4;

/**
 * Layers whose weights no blocks fit (convolutions, constants of several matrices or that come first), by id, and what these are kept
 * in under a recipe that keeps them wider than those in blocks of fewer than 8 bits: one scale an output channel is too coarse for so few. They are
 * in float16 where blocks fit a quarter of the weights or more, and in int8 where these are the model. Layers that have a type of their own are none.
 */
export function widerLayers(
  index: GraphIndex,
  target: Target,
  { format, weights }: Pick<Recipe, "format" | "weights">,
): ReadonlyMap<string, "float16" | "int8"> {
  const { type, block, others, layers = {} } = weights;
  const isAsked = format === "weights" && others === "wider" && block !== undefined;
  if (!isAsked || type === "nf4" || weightBits(type) === 8) return new Map();
  const counts = { blocks: 0, others: 0 };
  const found: string[] = [];
  for (const node of index.graph.node) {
    const descriptor = operatorFor(node, index, target.integerKernels);
    const use = descriptor?.kind === "weighted" ? weightUse(node, descriptor, index, target) : null;
    const weight = (use && !("code" in use) ? use : null) ?? lookedUpTable(node, index, { format, weights });
    if (!weight) continue;
    const size = elementCount(dimsOf(index.initializer(weight.name)!));
    const isFit = weight.blockAxis !== null;
    counts[isFit ? "blocks" : "others"] += size;
    const id = index.id(node);
    if (!isFit && own(layers, id) === undefined) found.push(id);
  }
  const kept = counts.blocks >= LEAST_IN_BLOCKS * (counts.blocks + counts.others) ? "float16" : "int8";
  return new Map(found.map((id) => [id, kept]));
}
