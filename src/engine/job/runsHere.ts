import { InputError } from "../model/job.ts";
import type { Recipe } from "../model/recipe.ts";
import { intOf, subgraphsOf } from "../onnx/attributes.ts";
import { TensorProto_DataType as Code, type GraphProto, type ModelProto } from "../onnx/proto/onnx_pb.ts";
import { isComputedInBfloats } from "../targets/computed.ts";
import { TARGETS, targetOf } from "../targets/index.ts";
import { listed } from "../values/figures.ts";

/** Throws InputError where what a recipe writes runs on its target alone, so that `what` cannot be had here. */
export function assertRunsHere(recipe: Pick<Recipe, "target" | "format">, what: string): void {
  if (isComputedInBfloats(recipe)) throw notHere(what, targetOf(recipe).name);
}

/** Why a file that computes in bfloat16 and that ONNX Runtime refused does not run; `what` is what would have been measured. */
export function bfloatRefusal(what: string): InputError {
  const names = Object.values(TARGETS).flatMap(({ computesBfloats, name }) => (computesBfloats ? [name] : []));
  return notHere(what, listed(names));
}

function notHere(what: string, name: string): InputError {
  return new InputError(
    `${what} cannot be measured here: a file computed in bfloat16 is for ${name}, and ONNX Runtime has no kernels for it; run it on ${name}, or choose a target that has constants alone in bfloat16.`,
  );
}

/** Whether layers of a file compute in bfloat16: one reads a constant in it with no Cast between, or a Cast makes it. */
export function computesBfloats({ graph }: Pick<ModelProto, "graph">): boolean {
  return graph !== undefined && hasBfloats(graph, new Set());
}

function hasBfloats({ initializer, node }: GraphProto, outer: ReadonlySet<string>): boolean {
  const own = initializer.flatMap(({ name, dataType }) => (dataType === Code.BFLOAT16 ? [name] : []));
  const kept = new Set([...outer, ...own]);
  return node.some(
    (each) =>
      (each.opType === "Cast" ? intOf(each, "to") === Code.BFLOAT16 : each.input.some((name) => kept.has(name))) ||
      subgraphsOf(each).some((body) => hasBfloats(body, kept)),
  );
}
