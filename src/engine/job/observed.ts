import { observationPlan } from "../graph/observation.ts";
import { exposeOutputs } from "../graph/shapes.ts";
import type { Dataset } from "../model/dataset.ts";
import type { ModelFile, ObservationPlan } from "../model/runtime.ts";
import type { Port } from "../model/tensor.ts";
import { inputPorts } from "../onnx/ports.ts";
import { toModelFile } from "../onnx/runtimeFile.ts";
import { elementCount } from "../values/dims.ts";
import type { OpenModel } from "./open.ts";

/** A model as calibration runs it. */
export interface ObservedModel {
  readonly file: ModelFile;
  readonly plan: ObservationPlan;
  /** How messages call it. */
  readonly what: string;
  /** Where samples came from, by index. */
  readonly sources: readonly string[];
  readonly weightBytes: number;
  /** Of the tensors watched, for one sample; dimensions that are not known count as 1. */
  readonly activationBytes: number;
  /** Whether samples may be joined along the first dimension: every tensor watched then grows with it. */
  readonly joins: boolean;
}

/** What calibration of a model on a dataset runs, and what it watches: every float activation and input, held ones too. */
export function observedModel(model: OpenModel, { sources }: Pick<Dataset, "sources">): ObservedModel {
  const plan = observationPlan(model.observed, watchedTensors(model));
  const free = new Set([...plan.derived.map(({ tensor }) => tensor), ...inputNames(model)]);
  const file = toModelFile(
    exposeOutputs(
      model.observed,
      plan.watch.filter((name) => !free.has(name)),
    ),
  );
  return {
    file,
    plan,
    what: `"${model.fileName}"`,
    sources,
    weightBytes: file.external.reduce((sum, { data }) => sum + data.byteLength, file.graph.byteLength),
    activationBytes: activationBytes(model, plan.watch),
    joins: joins(model, plan.watch),
  };
}

/** By the names of the original file, in graph order. */
function watchedTensors(model: OpenModel): string[] {
  const outputs = model.observed.graph?.node.flatMap(({ output }) => output) ?? [];
  return [...inputNames(model), ...outputs].filter((name) => model.types.get(name) === "float32");
}

function inputNames({ observed }: OpenModel): string[] {
  return inputPorts(observed).map(({ name }) => name);
}

function activationBytes({ shapes }: OpenModel, watch: readonly string[]): number {
  const elements = watch.map((name) =>
    elementCount((shapes.get(name) ?? []).map((dim) => (typeof dim === "number" ? dim : 1))),
  );
  return 4 * elements.reduce((sum, count) => sum + count, 0);
}

/** The runtime carries the symbol of the inputs' first dimension to whatever surely grows with it. */
function joins({ open, held, states, shapes }: OpenModel, watch: readonly string[]): boolean {
  const batch = open[0]?.dims[0];
  const grows = ({ dims: [first, ...rest] }: Port) => first === batch && rest.every((dim) => typeof dim === "number");
  const isOpen = typeof batch === "string" && open.every(grows) && held.length + states.length === 0;
  return isOpen && watch.every((name) => shapes.get(name)?.[0] === batch);
}
