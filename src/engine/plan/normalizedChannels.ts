import type { GraphIndex } from "../onnx/graph.ts";
import { tensorOf } from "../onnx/tensor.ts";

const NORMALIZATIONS: ReadonlySet<string> = new Set(["LayerNormalization", "RMSNormalization"]);
const UNIT = Float64Array.of(1);

/**
 * Deviations of the channels of a tensor that is normalized over its last axis, in one node or in parts, and then scaled
 * and shifted by constants at most; one for all where nothing sets them apart.
 */
export function normalizedChannels(tensor: string, index: GraphIndex): Float64Array | null {
  const node = index.producer(tensor);
  if (!node) return null;
  const [first = "", second = ""] = node.input;
  if (NORMALIZATIONS.has(node.opType)) return channelsOf(second, index);
  if (node.opType === "Div" && isDeviation(second, index)) return UNIT;
  if (node.opType !== "Mul" && node.opType !== "Add") return null;
  if (node.opType === "Mul" && [first, second].some((factor) => isReciprocal(factor, index))) return UNIT;
  const [data, constant] = index.initializer(first) ? [second, first] : [first, second];
  const factors = channelsOf(constant, index);
  const before = factors && normalizedChannels(data, index);
  if (!factors || !before || (before.length > 1 && before.length !== factors.length)) return null;
  return node.opType === "Add" ? before : factors.map((factor, i) => factor * before[i % before.length]!);
}

/** Whether a tensor is the root of a mean, with a small constant added before the root. */
function isDeviation(tensor: string, index: GraphIndex): boolean {
  const root = index.producer(tensor);
  const sum = root?.opType === "Sqrt" ? index.producer(root.input[0] ?? "") : undefined;
  return sum?.opType === "Add" && sum.input.some((name) => index.producer(name)?.opType === "ReduceMean");
}

function isReciprocal(tensor: string, index: GraphIndex): boolean {
  const node = index.producer(tensor);
  if (node?.opType === "Reciprocal") return isDeviation(node.input[0] ?? "", index);
  const isDivision = node?.opType === "Div" && index.initializer(node.input[0] ?? "") !== undefined;
  return isDivision && isDeviation(node.input[1] ?? "", index);
}

/** The magnitudes of a constant that has one value a channel of the last axis. */
function channelsOf(name: string, index: GraphIndex): Float64Array | null {
  const proto = index.initializer(name);
  if (!proto) return null;
  const { data, dims } = tensorOf(proto);
  if (data.length < 2 || dims.at(-1) !== data.length) return null;
  return Float64Array.from(data as Float32Array, Math.abs);
}
