import { normalizedTensors } from "../graph/normalization.ts";
import type { Notice } from "../model/job.ts";
import type { DoubtFacts } from "../model/shard.ts";
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
export function unpreparedData({ data, moments, firstLayers }: DoubtFacts, statistics: Statistics): Notice[] {
  const inputs = data.filter((name) => (statistics.get(name)?.finite ?? 0) > 0);
  const first = moments.find(({ tensor }) => (statistics.get(tensor)?.finite ?? 0) > 0);
  const faults = first
    ? [{ input: inputs[0] ?? data[0]!, found: offMoments(first, momentsOf(statistics.get(first.tensor)!)) }]
    : inputs.map((input) => ({ input, found: offBiases(input, firstLayers, statistics) }));
  const fault = faults.find(({ found }) => found !== null);
  if (!fault) return [];
  const { input, found } = fault;
  const seen = statistics.get(input);
  const range = seen && seen.finite > 0 ? ` (${input} holds ${significant(seen.min)} to ${significant(seen.max)})` : "";
  const message = `The data does not seem to be prepared as the network expects${range}: ${found}; ${WHAT_TO_DO}`;
  return [{ kind: "warning", subject: input, message }];
}

/** What that asks of a model. */
export function preparationFacts(model: OpenModel): Pick<DoubtFacts, "data" | "moments" | "firstLayers"> {
  const data = model.open.map(({ name }) => inputValues(model, name));
  const index = new GraphIndex(model.folded.graph as GraphProto);
  return { data, moments: momentsBy(model), firstLayers: data.flatMap((input) => layersOn(input, index)) };
}

function momentsBy({ observed }: OpenModel): DoubtFacts["moments"] {
  return [...normalizedTensors(observed)].flatMap(([tensor, { mean: shift, deviation: scale }]) => {
    const mean = shift.reduce((sum, value) => sum + value, 0) / shift.length;
    const square = shift.reduce((sum, value, i) => sum + value ** 2 + scale[i]! ** 2, 0) / shift.length;
    const deviation = Math.sqrt(Math.max(0, square - mean * mean));
    return deviation > 0 ? [{ tensor, mean, deviation }] : [];
  });
}

interface Moments {
  readonly mean: number;
  readonly deviation: number;
}

function offMoments({ tensor, mean, deviation }: DoubtFacts["moments"][number], seen: Moments): string | null {
  const isOff =
    seen.deviation > OFF * deviation ||
    OFF * seen.deviation < deviation ||
    Math.abs(seen.mean - mean) > OFF * deviation;
  const figures = (moments: Moments) =>
    `a mean of ${significant(moments.mean)} and a deviation of ${significant(moments.deviation)}`;
  return isOff
    ? `${tensor} has ${figures(seen)}, where the network's own BatchNormalization gives ${figures({ mean, deviation })}`
    : null;
}

function offBiases(name: string, layers: DoubtFacts["firstLayers"], statistics: Statistics): string | null {
  const seen = statistics.get(name);
  if (!seen || seen.min < 0 || seen.max > 255 || seen.max <= 127.5) return null;
  for (const { input, output: tensor, largest } of layers) {
    const output = statistics.get(tensor);
    if (input !== name || !output) continue;
    const reach = Math.max(-output.min, output.max);
    if (reach > BEYOND_BIASES * largest) {
      return `its first layer reaches ${significant(reach)} in ${tensor}, beside which its biases, ${significant(largest)} at most, are nothing`;
    }
  }
  return null;
}

function layersOn(input: string, index: GraphIndex): DoubtFacts["firstLayers"] {
  return readersOf(input, index).flatMap((node) => {
    const [weight, bias] = [node.input[1], node.input[2]].map((each) => index.initializer(each ?? ""));
    if (node.opType !== "Conv" || !weight || !bias || Number(weight.dims[1]) !== 3) return [];
    const largest = (tensorOf(bias).data as Float32Array).reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    return largest > 0 ? [{ input, output: node.output[0] ?? "", largest }] : [];
  });
}

/** The nodes that read a tensor, as it is or transposed. */
function readersOf(tensor: string, index: GraphIndex): ReturnType<GraphIndex["consumers"]> {
  const open = [tensor];
  const readers: ReturnType<GraphIndex["consumers"]>[number][] = [];
  for (const name of open) {
    for (const node of index.consumers(name)) {
      if (node.opType === "Transpose") open.push(node.output[0] ?? "");
      else readers.push(node);
    }
  }
  return readers;
}
