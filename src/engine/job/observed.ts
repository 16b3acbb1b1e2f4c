import { seldomWhere } from "../calibration/seldom.ts";
import { observationPlan } from "../graph/observation.ts";
import { piecesOf } from "../graph/pieces.ts";
import { exposeOutputs } from "../graph/shapes.ts";
import type { Dataset } from "../model/dataset.ts";
import { modelBytes } from "../model/deferred.ts";
import type { ModelFile, ObservationPlan } from "../model/runtime.ts";
import type { Port } from "../model/tensor.ts";
import { inputPorts } from "../onnx/ports.ts";
import type { ModelProto } from "../onnx/proto/onnx_pb.ts";
import { toModelFile } from "../onnx/runtimeFile.ts";
import { elementCount } from "../values/dims.ts";
import type { OpenModel } from "./open.ts";
import { preparationFacts } from "./unpreparedData.ts";

/** A model as calibration runs it. */
export interface ObservedModel {
  readonly file: ModelFile;
  /** It in consecutive pieces, so that not all tensors watched are there at once; in one where they are few. */
  readonly pieces: readonly ModelFile[];
  readonly plan: ObservationPlan;
  /** How messages call it. */
  readonly what: string;
  /** Where a sample is from. */
  readonly sourceOf: Dataset["sourceOf"];
  readonly weightBytes: number;
  /** What a worker has beside the weights while it observes a sample. */
  readonly heldBytes: number;
  /** Of the tensors watched, for one sample; dimensions that are not known count as 1. */
  readonly activationBytes: number;
  /** Whether samples may be joined along the first dimension: every tensor watched then grows with it. */
  readonly joins: boolean;
}

/** As the runtime has what a piece gives, as it hands it over, and what is carried on and left by the run before. */
const COPIES = 4;
/** Of what is counted of a tensor (numerics/histogram.ts), while it is counted and as it is handed over. */
const COUNTED_BYTES = 2 * 331e3;
/** What the tensors watched may take together, in one sample; a larger model is observed in pieces of no more. */
const PIECE_BYTES = 2 ** 23;

/**
 * What calibration of a model on a dataset runs, and what it watches: every float activation and input, held ones too. What is not in the
 * folded model, as a convolution's result before its BatchNormalization, no scale and no figure rests on, and some samples are enough.
 */
export function observedModel(model: OpenModel, { sourceOf }: Pick<Dataset, "sourceOf">): ObservedModel {
  const needed = namesIn(model.folded);
  for (const { tensor } of preparationFacts(model).moments) needed.add(tensor);
  const watched = observationPlan(model.observed, watchedTensors(model));
  const plan = seldomWhere(watched, (tensor) => needed.has(tensor));
  const free = new Set([...plan.derived.map(({ tensor }) => tensor), ...inputNames(model)]);
  const exposed = plan.watch.filter((name) => !free.has(name));
  const file = toModelFile(exposeOutputs(model.observed, exposed));
  const size = (tensor: string) => bytesOf(model, tensor);
  const cut = piecesOf(model.observed, {
    exposed,
    typeOf: (tensor) => model.types.get(tensor) ?? "other",
    dimsOf: (tensor) => model.inferred.get(tensor),
    bytesOf: size,
    bound: PIECE_BYTES,
  });
  const given = cut.length > 0 ? cut.map(outputNames) : [exposed];
  const most = Math.max(...given.map((names) => names.reduce((sum, name) => sum + size(name), 0)));
  return {
    file,
    pieces: cut.length > 0 ? cut.map(toModelFile) : [file],
    plan,
    what: `"${model.fileName}"`,
    sourceOf,
    weightBytes: modelBytes(file),
    heldBytes: COPIES * most + COUNTED_BYTES * plan.watch.length,
    activationBytes: plan.watch.reduce((sum, name) => sum + size(name), 0),
    joins: joins(model, plan.watch),
  };
}

/** By the names of the original file, in graph order. */
function watchedTensors(model: OpenModel): string[] {
  const outputs = model.observed.graph?.node.flatMap(({ output }) => output) ?? [];
  return [...inputNames(model), ...outputs].filter((name) => model.types.get(name) === "float32");
}

function namesIn(model: ModelProto): Set<string> {
  const made = model.graph?.node.flatMap(({ output }) => output) ?? [];
  return new Set([...inputPorts(model).map(({ name }) => name), ...made]);
}

function outputNames({ graph }: ModelProto): string[] {
  return graph?.output.map(({ name }) => name) ?? [];
}

function inputNames({ observed }: OpenModel): string[] {
  return inputPorts(observed).map(({ name }) => name);
}

function bytesOf({ shapes }: OpenModel, tensor: string): number {
  return 4 * elementCount((shapes.get(tensor) ?? []).map((dim) => (typeof dim === "number" ? dim : 1)));
}

/** The runtime carries the symbol of the inputs' first dimension to whatever surely grows with it. */
function joins({ open, held, states, shapes }: OpenModel, watch: readonly string[]): boolean {
  const batch = open[0]?.dims[0];
  const grows = ({ dims: [first, ...rest] }: Port) => first === batch && rest.every((dim) => typeof dim === "number");
  const isOpen = typeof batch === "string" && open.every(grows) && held.length + states.length === 0;
  return isOpen && watch.every((name) => shapes.get(name)?.[0] === batch);
}
