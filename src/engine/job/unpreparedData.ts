import { normalizedTensors } from "../graph/normalization.ts";
import type { Notice } from "../model/job.ts";
import type { Statistics } from "../model/statistics.ts";
import { momentsOf } from "../numerics/moments.ts";
import { GraphIndex } from "../onnx/graph.ts";
import type { GraphProto } from "../onnx/proto/onnx_pb.ts";
import { tensorOf } from "../onnx/tensor.ts";
import { significant } from "../values/figures.ts";
import { inputValues } from "./inputValues.ts";
import type { OpenModel } from "./open.ts";

/** Right data gives 0.88 to 1.05 times the deviation that is expected; pictures of 0 to 255, 49 to 117 times. */
const OFF = 5;
/** Right data gives first layers that reach 3 to 30 times as far as their largest bias; pictures of 0 to 255, 400 to 1,600. */
const BEYOND_BIASES = 100;
const WHAT_TO_DO =
  "prepare it as for training: pictures by another preprocessing, arrays scaled before they are given.";

/**
 * Warns of data that was not prepared as it was for training, by what the network itself expects: the mean and deviation
 * of its first BatchNormalization; where it has none, pictures of 0 to 255 in colour beside which the biases of its first
 * layer are nothing. Networks on raw grey pictures look like that when all is well, so those are not judged by biases.
 */
export function unpreparedData(model: OpenModel, statistics: Statistics): Notice[] {
  const names = model.open.map(({ name }) => inputValues(model, name));
  const inputs = names.filter((name) => (statistics.get(name)?.finite ?? 0) > 0);
  const moments = firstMoments(model, statistics);
  const faults = moments
    ? [{ input: inputs[0] ?? names[0]!, found: offMoments(moments) }]
    : inputs.map((input) => ({ input, found: offBiases(input, model, statistics) }));
  const fault = faults.find(({ found }) => found !== null);
  if (!fault) return [];
  const { input, found } = fault;
  const seen = statistics.get(input);
  const range = seen && seen.finite > 0 ? ` (${input} holds ${significant(seen.min)} to ${significant(seen.max)})` : "";
  const message = `The data does not seem to be prepared as the network expects${range}: ${found}; ${WHAT_TO_DO}`;
  return [{ kind: "warning", subject: input, message }];
}

interface Moments {
  readonly tensor: string;
  readonly seen: { readonly mean: number; readonly deviation: number };
  readonly expected: { readonly mean: number; readonly deviation: number };
}

function firstMoments({ observed }: OpenModel, statistics: Statistics): Moments | null {
  for (const [tensor, { mean: shift, deviation: scale }] of normalizedTensors(observed)) {
    const seen = statistics.get(tensor);
    if (!seen || seen.finite === 0) continue;
    const mean = shift.reduce((sum, value) => sum + value, 0) / shift.length;
    const square = shift.reduce((sum, value, i) => sum + value ** 2 + scale[i]! ** 2, 0) / shift.length;
    const deviation = Math.sqrt(Math.max(0, square - mean * mean));
    if (deviation > 0) return { tensor, seen: momentsOf(seen), expected: { mean, deviation } };
  }
  return null;
}

function offMoments({ tensor, seen, expected }: Moments): string | null {
  const { mean, deviation } = expected;
  const isOff =
    seen.deviation > OFF * deviation ||
    OFF * seen.deviation < deviation ||
    Math.abs(seen.mean - mean) > OFF * deviation;
  const figures = (moments: Moments["seen"]) =>
    `a mean of ${significant(moments.mean)} and a deviation of ${significant(moments.deviation)}`;
  return isOff
    ? `${tensor} has ${figures(seen)}, where the network's own BatchNormalization gives ${figures(expected)}`
    : null;
}

function offBiases(name: string, { folded }: OpenModel, statistics: Statistics): string | null {
  const input = statistics.get(name);
  if (!input || input.min < 0 || input.max > 255 || input.max <= 127.5) return null;
  const index = new GraphIndex(folded.graph as GraphProto);
  for (const node of readersOf(name, index)) {
    const [weight, bias] = [node.input[1], node.input[2]].map((each) => index.initializer(each ?? ""));
    const output = statistics.get(node.output[0] ?? "");
    if (node.opType !== "Conv" || !weight || !bias || !output || Number(weight.dims[1]) !== 3) continue;
    const largest = (tensorOf(bias).data as Float32Array).reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    const reach = Math.max(-output.min, output.max);
    if (largest > 0 && reach > BEYOND_BIASES * largest) {
      return `its first layer reaches ${significant(reach)} in ${node.output[0]}, beside which its biases, ${significant(largest)} at most, are nothing`;
    }
  }
  return null;
}

/** The nodes that read a tensor, as it is or transposed. */
function readersOf(tensor: string, index: GraphIndex): ReturnType<GraphIndex["consumers"]> {
  return index
    .consumers(tensor)
    .flatMap((node) => (node.opType === "Transpose" ? readersOf(node.output[0] ?? "", index) : [node]));
}
