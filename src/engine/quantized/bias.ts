import { codesOf } from "../graph/dequantized.ts";
import type { StoredActivation } from "../model/quantizedFile.ts";
import type { GraphIndex } from "../onnx/graph.ts";
import type { NodeProto } from "../onnx/proto/onnx_pb.ts";
import { operatorOf } from "../operators/index.ts";
import { significant } from "../values/figures.ts";
import type { ReadConstant } from "./constant.ts";
import type { Constants } from "./constants.ts";

/** Products of float32 scales are the same but for their rounding, relative. */
const SAME_STEP = 1e-3;

/** The bias that a layer adds to its sums, as codes: each stands for itself times its step, in float. */
export interface ReadBias {
  readonly type: string;
  readonly codes: ArrayLike<number>;
  /** One for all, or one a code. */
  readonly steps: ArrayLike<number>;
}

/** The place of an int32 bias among the inputs of operators on codes, which have no scale for it: it counts in x scale * w scale. */
const ON_CODES: Readonly<Record<string, number>> = { QLinearConv: 8, QGemm: 6 };

/** The bias of an operator on codes. */
export function biasOnCodes(
  node: NodeProto,
  { scale }: Pick<StoredActivation, "scale">,
  weight: ReadConstant,
  index: GraphIndex,
): ReadBias | null {
  const tensor = index.initializer(node.input[ON_CODES[node.opType] ?? -1] ?? "");
  const codes = tensor && codesOf(tensor);
  return codes && scale !== null ? { type: "int32", codes, steps: stepsOf(scale, weight) } : null;
}

/** The bias of a layer in pairs, which has a DequantizeLinear of its own. */
export function biasInPairs(node: NodeProto, index: GraphIndex, constants: Constants): ReadBias | null {
  const kind = operatorOf(node, index);
  const name = node.input[2] ?? "";
  if (kind?.kind !== "weighted" || kind.bias !== "own" || !name) return null;
  const found = constants.find(name);
  if (found === null || typeof found === "string" || found.placeOf === null || found.zeroPoints) return null;
  return { type: found.type, codes: found.codes, steps: found.scales };
}

/** What is wrong with the steps of an int32 bias beside quantized input and weight; null where they are those of the sums. */
export function problemOfSteps(bias: ReadBias, { scale }: StoredActivation, weight: ReadConstant): string | null {
  if (bias.type !== "int32" || scale === null) return null;
  const wanted = stepsOf(scale, weight);
  for (let at = 0; at < bias.codes.length; at++) {
    const [own, sum] = [stepAt(bias.steps, at), stepAt(wanted, at)];
    if (Math.abs(own - sum) <= SAME_STEP * Math.abs(sum)) continue;
    return `its int32 bias has a scale of ${significant(own)} where those of its input and weight multiply to ${significant(sum)}, so that a runtime that computes it in integers adds another bias than the file states`;
  }
  return null;
}

export function stepAt(steps: ArrayLike<number>, at: number): number {
  return steps[steps.length > 1 ? at : 0] as number;
}

/** The values that a bias stands for. */
export function biasValues({ codes, steps }: ReadBias): Float64Array {
  return Float64Array.from(codes, (code, at) => code * stepAt(steps, at));
}

/** What float32 leaves of a product of two scales, and of a value divided by it, relative. */
const FLOAT_ROUNDING = 2 ** -22;

/** How far two values of biases are apart, but for what float32 cannot tell: of 2^31 steps that is hundreds of them. */
export function biasApart(one: number, other: number): number {
  return Math.max(0, Math.abs(one - other) - FLOAT_ROUNDING * Math.max(Math.abs(one), Math.abs(other)));
}

function stepsOf(scale: number, { scales }: ReadConstant): Float64Array {
  return Float64Array.from(scales, (each) => scale * each);
}
