import { resolveRanges } from "../../encode/ranges.ts";
import { allowInt2, allowInt4 } from "../../graph/opset.ts";
import { exposeOutputs } from "../../graph/shapes.ts";
import { run } from "../../graph/testing/native.ts";
import type { Range } from "../../model/range.ts";
import type { Recipe } from "../../model/recipe.ts";
import type { Session } from "../../model/runtime.ts";
import type { Statistics } from "../../model/statistics.ts";
import type { TensorMap } from "../../model/tensor.ts";
import { PLAIN_RECIPE } from "../../model/testing/recipe.ts";
import { Comparator } from "../../numerics/metrics.ts";
import { Observer } from "../../numerics/observer.ts";
import { encodeModel } from "../../onnx/encode.ts";
import { opsetOf } from "../../onnx/opset.ts";
import { inputPorts } from "../../onnx/ports.ts";
import type { GraphProto, ModelProto } from "../../onnx/proto/onnx_pb.ts";
import { toModelFile } from "../../onnx/runtimeFile.ts";
import { noise, withOutputTypes } from "../../onnx/testing/build.ts";
import { assertValid } from "../../onnx/testing/checker.ts";
import { planQuantization, type QuantizationPlan } from "../../plan/plan.ts";
import { nodeRuntime } from "../../runtime/node.ts";
import { targetOf } from "../../targets/index.ts";
import { ORT } from "../../targets/ort.ts";
import { onWide } from "../../targets/target.ts";
import { isWide, weightBits } from "../../values/codes.ts";
import { type QuantizedModel, quantizeGraph } from "../index.ts";

export type Choices = Partial<
  Pick<Recipe, "target" | "format" | "activations" | "wide" | "weights" | "method" | "elementwise">
> & {
  readonly float?: Partial<Recipe["float"]>;
};

export interface Trial extends QuantizedModel {
  readonly plan: QuantizationPlan;
  readonly ranges: ReadonlyMap<string, Range>;
  /** SQNR of each output against the float model, dB, of the optimized and of the literal run. */
  readonly sqnr: Readonly<Record<string, { readonly optimized: number; readonly literal: number }>>;
  readonly outputs: TensorMap;
}

const SAMPLES = 4;
const runtime = nodeRuntime();

/** Seeded values in [-1, 1) for every input. */
export function noiseFeeds(model: ModelProto, seed: number): TensorMap {
  return new Map(inputPorts(model).map(({ name, dims }, i) => [name, noise(dims.map(Number), seed * 31 + i)]));
}

function isWidened({ activations }: Choices): boolean {
  return activations !== undefined && isWide(activations.type);
}

/** The plan of a model, and a session that gives every tensor in it. */
export async function planOf(
  model: ModelProto,
  { float, ...choices }: Choices,
): Promise<{ readonly plan: QuantizationPlan; readonly session: Session }> {
  if (!model.graph) throw new Error("a test model has a graph");
  const made = model.graph.node.flatMap(({ output }) => output.filter(Boolean));
  const session = await runtime.createSession(toModelFile(exposeOutputs(model, made)), { threads: 1 });
  const ports = new Map([...session.inputs, ...session.outputs].map((port) => [port.name, port]));
  return {
    plan: planQuantization(
      withOutputTypes(model.graph, session.outputs),
      new Map([...ports].map(([name, { type }]) => [name, type])),
      { ...PLAIN_RECIPE, ...choices, float: { ...PLAIN_RECIPE.float, ...float } },
      isWidened(choices) ? onWide(targetOf(choices)) : targetOf(choices),
      (tensor) => ports.get(tensor)?.dims,
      opsetOf(model),
    ),
    session,
  };
}

/** Quantizes a model calibrated on noise, checks what is written, runs both models on the first sample and compares them. */
export async function tryOut(given: ModelProto, choices: Choices = {}, feedsOf = noiseFeeds): Promise<Trial> {
  const weights = choices.weights ?? PLAIN_RECIPE.weights;
  const bits = weightBits(weights.type);
  const isNew = bits === 4 || weights.block || isWidened(choices) || choices.wide;
  const model = bits === 2 ? allowInt2(given) : isNew ? allowInt4(given, ORT.ownDomain) : given;
  const { plan, session } = await planOf(model, choices);
  const samples = Array.from({ length: SAMPLES }, (_, i) => feedsOf(model, i + 1));
  const observers = new Map(plan.groups.flatMap(({ id, parts = [id] }) => parts).map((id) => [id, new Observer()]));
  for (const [i, feeds] of samples.entries()) {
    const values = new Map([...feeds, ...(await session.run(feeds))]);
    for (const [id, observer] of observers) observer.observe(values.get(id)?.data as Float32Array, i);
  }
  await session.dispose();
  const statistics: Statistics = new Map([...observers].map(([id, observer]) => [id, observer.statistics()]));
  const activations = choices.activations ?? { type: "uint8", symmetric: false };
  const ranges = resolveRanges(plan.groups, statistics, {
    activations,
    method: choices.method ?? "minmax",
    methods: {},
    ranges: {},
  });
  const quantized = quantizeGraph(model, plan, ranges, {
    format: choices.format ?? "qdq",
    activations,
    weights,
    rounding: null,
  });
  assertValid(encodeModel(quantized.model), "the quantized model");
  assertValid([toModelFile(quantized.model).graph], "the quantized model beside its weights");
  const feeds = samples[0] ?? new Map();
  const float = await run(model, feeds, false);
  const optimized = await run(quantized.model, feeds, true);
  const literal = await run(quantized.model, feeds, false);
  const { output } = model.graph as GraphProto;
  if (output.length === 0) throw new Error("a test model has outputs");
  const sqnr = Object.fromEntries(
    output.map(({ name }) => [
      name,
      { optimized: sqnrOf(float, optimized, name), literal: sqnrOf(float, literal, name) },
    ]),
  );
  return { ...quantized, plan, ranges, sqnr, outputs: literal };
}

/** The least SQNR of all outputs and both runs. */
export function leastSqnr({ sqnr }: Trial): number {
  return Math.min(...Object.values(sqnr).flatMap(({ optimized, literal }) => [optimized, literal]));
}

function sqnrOf(float: TensorMap, quantized: TensorMap, name: string): number {
  const [reference, other] = [float.get(name), quantized.get(name)];
  if (!reference || !other || reference.dims.join() !== other.dims.join()) return Number.NEGATIVE_INFINITY;
  const comparator = new Comparator();
  comparator.add(Float32Array.from(reference.data, Number), Float32Array.from(other.data, Number));
  const { sqnr, skipped } = comparator.result();
  if (skipped > 0) return Number.NEGATIVE_INFINITY;
  return Number.isNaN(sqnr) ? Number.POSITIVE_INFINITY : sqnr;
}
