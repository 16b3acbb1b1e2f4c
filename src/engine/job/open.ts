import { unshapedMessage } from "../data/given.ts";
import { completed, withOutputTypes, withoutAnnotations, withoutStaleShapes } from "../graph/annotations.ts";
import { applyFactors } from "../graph/applyFactors.ts";
import { inlineFunctions } from "../graph/inlineFunctions.ts";
import { applyInputScales } from "../graph/inputScales.ts";
import { allowBfloats, allowInt2, allowInt4, runnableOpset } from "../graph/opset.ts";
import { prepareModel } from "../graph/prepare.ts";
import { raiseFloats } from "../graph/raiseFloats.ts";
import { exposeOutputs, weightsAsInputs } from "../graph/shapes.ts";
import { applySmoothing } from "../graph/smoothing.ts";
import type { ModelInputs } from "../model/dataset.ts";
import type { StoredFile } from "../model/deferred.ts";
import { takesCodes, takesRanges } from "../model/format.ts";
import type { JobContext, Notice } from "../model/job.ts";
import { type GivenInputs, type Recipe, weightTypesOf } from "../model/recipe.ts";
import type { ModelFile, Runtime } from "../model/runtime.ts";
import type { ModelSummary } from "../model/summary.ts";
import type { Port } from "../model/tensor.ts";
import { assertSupported } from "../onnx/checks.ts";
import { INT4_OPSET, opsetOf } from "../onnx/opset.ts";
import { inputPorts, outputPorts, portOf } from "../onnx/ports.ts";
import type { ModelProto } from "../onnx/proto/onnx_pb.ts";
import { toModelFile } from "../onnx/runtimeFile.ts";
import { askedWide } from "../plan/askedWide.ts";
import { planQuantization, type QuantizationPlan } from "../plan/plan.ts";
import { summarizePlan } from "../plan/summary.ts";
import { isEqualized, isSmoothed, scalingOf } from "../recipe/scaling.ts";
import { isComputedInBfloats } from "../targets/computed.ts";
import { targetOf } from "../targets/index.ts";
import { ORT } from "../targets/ort.ts";
import type { Target } from "../targets/target.ts";
import { onWide } from "../targets/target.ts";
import { isWide, weightBits } from "../values/codes.ts";
import { copyBytes } from "../values/copyBytes.ts";
import type { DataType } from "../values/elementTypes.ts";
import { modelName } from "../values/modelName.ts";
import { classesOf } from "./classes.ts";
import { constantInputs, decidedBy, knownShapes, undecided } from "./heldConstants.ts";
import { settleInputs, withShapes } from "./inputs.ts";
import { assertLayersLeft } from "./layersLeft.ts";
import { planNotices } from "./planNotices.ts";
import { evaluateWith } from "./run.ts";
import { finiteWatcher } from "./seeFinite.ts";
import { loadSession } from "./session.ts";
import { fingerprint, type ModelSource, readWholeModel } from "./source.ts";

/** A model that is open: the file as it came, its prepared forms, and what is known of its activations. */
export interface OpenModel extends Required<ModelInputs> {
  /** The file's name without ".onnx". */
  readonly name: string;
  readonly fileName: string;
  readonly bytes: number;
  readonly sha256: string;
  readonly original: ModelProto;
  /** The original in float32, which what is quantized is compared with. */
  readonly reference: ModelProto;
  readonly folded: ModelProto;
  readonly observed: ModelProto;
  /** Whether `folded` and `observed` are equalized, and smoothed. */
  readonly equalized: boolean;
  readonly smoothed: boolean;
  /** Tells the factors that they are scaled by from others; null where they are by none. */
  readonly scaling: string | null;
  /** Element type and, where it is static and has dimensions, shape of each activation of both prepared forms. */
  readonly types: ReadonlyMap<string, DataType | "other">;
  readonly dims: ReadonlyMap<string, readonly number[]>;
  /** Shape of each activation of the model as it came, with the symbols that the runtime infers. */
  readonly shapes: ReadonlyMap<string, Port["dims"]>;
  /** What of it the runtime infers from the shapes of inputs alone. */
  readonly inferred: ReadonlyMap<string, Port["dims"]>;
  readonly inputs: Recipe["inputs"];
  readonly preparation: readonly string[];
  /** Of the preparation (`Prepared`). */
  readonly generation: number;
  readonly notices: readonly Notice[];
}

export type PreparedModel = Omit<OpenModel, "open" | "held" | "states" | "outputs">;

/**
 * Decodes, checks and prepares a model.
 * Throws InputError when the file is no model that can be quantized, or a shape or a value is not for its inputs.
 */
export function openModel(
  source: ModelSource,
  inputs: GivenInputs,
  runtime: Runtime,
  context: JobContext,
): Promise<OpenModel> {
  return prepareFile(source, inputs, runtime, context, (ports, outputs) => settleInputs(ports, inputs, outputs));
}

/** A model to be looked at; its inputs may be left open. Throws InputError as opening does. */
export function prepareForInspection(
  source: ModelSource,
  inputs: GivenInputs,
  runtime: Runtime,
  context: JobContext,
): Promise<PreparedModel> {
  return prepareFile(source, inputs, runtime, context, (ports, outputs) => {
    settleInputs(ports, inputs, outputs);
    return {};
  });
}

async function prepareFile<T extends object>(
  source: ModelSource,
  inputs: GivenInputs,
  runtime: Runtime,
  context: JobContext,
  check: (ports: readonly Port[], outputs: readonly Port[]) => T,
): Promise<PreparedModel & T> {
  const { fileName } = source;
  const step = (done: number) => {
    context.signal.throwIfAborted();
    context.report({ task: "Opening the model", done, total: 4, unit: "steps" });
  };
  step(0);
  const { model: original, external, bytes } = await readWholeModel(source);
  const inlined = inlineFunctions(original).model;
  assertSupported(inlined, fileName);
  const reference = raiseFloats(inlined).model;
  const checked = check(inputPorts(reference), outputPorts(reference));
  step(1);
  const sha256 = await fingerprint(source.bytes, external, (file) => watchReading(original, file, context));
  step(2);
  const held = constantInputs(inputPorts(original), inputs);
  const fixed = knownShapes(inputPorts(original), inputs);
  const { quantized = "keep" } = inputs;
  const evaluate = evaluateWith(runtime, `"${fileName}"`);
  const prepared = await prepareModel(original, evaluate, ORT.opset, { held, shapes: fixed, quantized });
  assertLayersLeft(original, prepared.folded, fileName);
  const decided = decidedBy(prepared, inputs);
  step(3);
  const { types, dims, shapes, inferred } = await inferTypes(prepared.observed, runtime, fileName);
  const restated = (form: ModelProto) => withOutputTypes(withoutStaleShapes(form, inferred), types, inferred);
  step(4);
  return {
    name: modelName(fileName),
    fileName,
    bytes,
    sha256,
    original,
    reference,
    folded: restated(prepared.folded),
    observed: restated(prepared.observed),
    equalized: false,
    smoothed: false,
    scaling: null,
    types,
    dims,
    shapes,
    inferred,
    inputs: { ...inputs, state: inputs.state ?? {} },
    classes: classesOf(outputPorts(original).map((port) => ({ ...port, dims: shapes.get(port.name) ?? port.dims }))),
    preparation: [...prepared.notes, ...decided.notes],
    generation: prepared.generation,
    notices: [...prepared.notices, ...decided.notices, ...undecided(prepared.folded, inputPorts(original), inputs)],
    ...checked,
  };
}

const MEGABYTE = 1e6;

/** Looks at a file that is not in memory while it is read, and tells how far that is. */
function watchReading(model: ModelProto, file: StoredFile, { signal, report }: JobContext) {
  const see = finiteWatcher(model, file);
  const total = file.byteLength / MEGABYTE;
  return (bytes: Uint8Array, at: number) => {
    signal.throwIfAborted();
    report({ task: "Reading weights", done: at / MEGABYTE, total, unit: "MB" });
    see(bytes, at);
  };
}

/** A model as a runtime takes it. Throws InputError as `runnableOpset` does. */
export function runnable(model: ModelProto): ModelFile {
  return toModelFile(runnableOpset(model));
}

/** What decides how a model's channels are scaled before it is quantized: equalized, smoothed, and by AWQ. */
export type Equalization = Pick<Recipe, "corrections" | "factors" | "smoothed" | "inputScales">;

/** The last scaled form of each model, by its factors and scales as text: recipes are copied on their way to a worker. */
const scaled = new WeakMap<PreparedModel, { readonly by: string; readonly model: PreparedModel }>();

/**
 * The model as a recipe's equalization makes it, and smoothing and AWQ's scales of inputs after that: the model itself where nothing was learned. What
 * is then observed is the exact float model; in what is quantized, one bound serves all channels of a Clip (graph/applyFactors.ts).
 * Throws InputError as applyInputScales does.
 */
export function equalizedModel<M extends PreparedModel>(model: M, recipe: Equalization): M {
  const factors = isEqualized(recipe) ? recipe.factors : null;
  const inputScales = Object.keys(recipe.inputScales ?? {}).length > 0 ? recipe.inputScales : null;
  const smoothed = isSmoothed(recipe) ? recipe.smoothed : null;
  if (!factors && !smoothed && !inputScales) return model;
  if (model.equalized || model.smoothed) throw new Error("A model is equalized once.");
  const by = JSON.stringify([factors, smoothed, inputScales]);
  const known = scaled.get(model);
  if (known?.by === by) return known.model as M;
  const even = factors ? withFactors(model, factors) : model;
  const equalized = { ...(smoothed ? smooth(even, smoothed) : even), scaling: scalingOf(recipe) };
  const result: M = inputScales
    ? {
        ...equalized,
        folded: applyInputScales(equalized.folded, inputScales, "awq"),
        observed: applyInputScales(equalized.observed, inputScales, "awq"),
      }
    : equalized;
  scaled.set(model, { by, model: result });
  return result;
}

function withFactors<M extends PreparedModel>(model: M, factors: NonNullable<Recipe["factors"]>): M {
  const smooth = (form: ModelProto) => applySmoothing(form, factors);
  const observed = smooth(applyFactors(model.folded, factors, "channel"));
  const made = observed.graph?.node.flatMap(({ output }) => output.filter(Boolean)) ?? [];
  const types = new Map(model.types);
  for (const name of made) if (!types.has(name)) types.set(name, "float32");
  return { ...model, folded: smooth(applyFactors(model.folded, factors, "tensor")), observed, types, equalized: true };
}

/** What is observed is then the folded model, whose tensors smoothing found, unless it is equalized, which is one too. */
function smooth<M extends PreparedModel>(model: M, smoothed: NonNullable<Recipe["smoothed"]>): M {
  const scales = Object.fromEntries(Object.entries(smoothed).map(([tensor, { divide }]) => [tensor, divide]));
  const folded = applyInputScales(model.folded, scales, "smoothed");
  const observed = model.equalized ? applyInputScales(model.observed, scales, "smoothed") : folded;
  return { ...model, folded, observed, smoothed: true };
}

/** The last plan of each float model, by what was chosen. */
const plans = new WeakMap<ModelProto, { readonly choices: string; readonly plan: QuantizationPlan }>();

/** What is quantized under a recipe, biases not yet corrected: worked out once for as long as the choices stay. */
export function planModel(model: PreparedModel, recipe: PlanChoices): QuantizationPlan {
  const float = floatForm(model, recipe);
  if (!float.graph) throw new Error("a prepared model has a graph");
  const { target, format, ends = null, float: kept, weights, elementwise, unjoined, spared: coarse } = recipe;
  const isWidened = takesRanges(recipe) && isWide(recipe.activations.type);
  const choices = JSON.stringify([
    target ?? null,
    format,
    ends,
    model.inputs.state ?? {},
    isWidened,
    [...askedWide(recipe)],
    kept,
    [weights.type, weights.layers ?? {}, weights.block, weights.others, weights.operator],
    elementwise,
    unjoined,
    coarse ?? {},
    recipe.activations,
  ]);
  const known = plans.get(float);
  if (known?.choices === choices) return known.plan;
  const { types, shapes } = equalizedModel(model, recipe);
  const plan = planQuantization(
    float.graph,
    types,
    { ...recipe, inputs: model.inputs },
    isWidened ? onWide(targetOf(recipe)) : targetOf(recipe),
    (tensor) => shapes.get(tensor),
    opsetOf(float),
  );
  plans.set(float, { choices, plan });
  return plan;
}

/** Whether activations are rounded to 16 bits or float8, which take opset 21 as int4 does. */
function hasWideCodes(recipe: Parameters<typeof askedWide>[0] & Pick<Recipe, "activations">): boolean {
  return takesRanges(recipe) && (isWide(recipe.activations.type) || askedWide(recipe).size > 0);
}

const withInt4 = new WeakMap<ModelProto, ModelProto>();
const withBfloats = new WeakMap<ModelProto, ModelProto>();
const withInt2 = new WeakMap<ModelProto, ModelProto>();

/**
 * The float model that is quantized under a recipe: equalized, and able to hold int4, int2, bfloat16, 16 bits, or weights in blocks, where that is asked for. Throws
 * InputError for blocks, float8, and a codebook of 16, in a model that cannot be raised to opset 21, which their types came with, and for 2 bits in one that
 * cannot be to 25.
 */
export function floatForm(
  model: PreparedModel,
  recipe: Equalization & Pick<Recipe, "target" | "format" | "weights" | "activations" | "wide" | "float">,
): ModelProto {
  const { folded } = equalizedModel(model, recipe);
  if (isComputedInBfloats(recipe)) {
    const raised = withBfloats.get(folded) ?? allowBfloats(folded);
    withBfloats.set(folded, raised);
    return raised;
  }
  if (!takesCodes(recipe) || recipe.format === "q4f16") return folded;
  const types = weightTypesOf(recipe.weights);
  const isCast = Object.values(recipe.float.storedAs ?? {}).includes("int4");
  /** Neither blocks nor 4-bit places in a table nor float8 nor what a Cast reads have operators of the runtime's own to fall back on. */
  const isBound =
    isCast || recipe.weights.block !== undefined || types.some((type) => type === "codebook16" || type === "float8");
  const fewest = Math.min(...types.map(weightBits));
  if ((recipe.weights.type === "nf4" && !isCast) || (fewest === 8 && !isBound && !hasWideCodes(recipe))) return folded;
  if (fewest === 2) {
    const raised = withInt2.get(folded) ?? allowInt2(folded);
    withInt2.set(folded, raised);
    return raised;
  }
  const known = withInt4.get(folded);
  if (known && (!isBound || opsetOf(known) >= INT4_OPSET)) return known;
  const made = allowInt4(folded, isBound ? null : ORT.ownDomain);
  withInt4.set(folded, made);
  return made;
}

export type PlanChoices = Equalization &
  Pick<
    Recipe,
    "target" | "format" | "activations" | "wide" | "ends" | "float" | "weights" | "elementwise" | "unjoined" | "spared"
  >;

export type PlannedChoices = PlanChoices & Pick<Recipe, "ranges" | "methods">;

/** The summary of a model under a recipe; layers and tensors that the recipe names but the model lacks become warnings. */
export function summarizeModel(model: PreparedModel, recipe: PlannedChoices): ModelSummary {
  const plan = planModel(model, recipe);
  const inputs = withShapes(inputPorts(model.reference), model.inputs.shapes);
  return {
    name: model.name,
    sha256: model.sha256,
    bytes: model.bytes,
    irVersion: Number(model.original.irVersion),
    opset: opsetOf(model.original),
    producer: `${model.original.producerName} ${model.original.producerVersion}`.trim(),
    inputs: inputs.map(({ name, type, dims }) => ({ name, type, dims })),
    outputs: outputPorts(model.reference),
    ...summarizePlan(plan, model.types, model.dims),
    preparation: model.preparation,
    generation: model.generation,
    notices: [...model.notices, ...unshaped(inputs), ...unsized(inputs, plan.target), ...planNotices(plan, recipe)],
  };
}

/** Of the order in which a new recipe takes samples. */
export const DEFAULT_SEED = 0;

/** The recipe a model starts with. */
export function defaultRecipe(model: PreparedModel): Recipe {
  return {
    version: 1,
    model: { name: model.name, sha256: model.sha256 },
    preparation: model.generation,
    format: "qdq",
    activations: { type: "uint8", symmetric: false },
    weights: { type: "int8", granularity: "channel", rounding: "nearest" },
    corrections: { equalization: false, bias: "empirical" },
    method: "auto",
    methods: {},
    ranges: {},
    float: { layers: [], operators: [], tensors: [] },
    elementwise: "auto",
    preprocess: null,
    seed: DEFAULT_SEED,
    inputs: model.inputs,
    spared: null,
    resolved: null,
    factors: null,
    unjoined: null,
    biases: null,
    rounding: null,
    prints: null,
  };
}

/**
 * Asks the runtime, which infers the type of every tensor when it loads a graph, and shapes from those of the inputs alone:
 * what the file states of others may be wrong. The weights themselves it needs for some graphs only.
 */
async function inferTypes(
  observed: ModelProto,
  runtime: Runtime,
  fileName: string,
): Promise<Pick<OpenModel, "types" | "dims" | "shapes" | "inferred">> {
  const names = observed.graph?.node.flatMap(({ output }) => output.filter(Boolean)) ?? [];
  const types = new Map<string, DataType | "other">();
  const dims = new Map<string, readonly number[]>();
  const shapes = new Map<string, Port["dims"]>();
  const inferred = new Map<string, Port["dims"]>();
  const stated = new Map(
    [...(observed.graph?.valueInfo ?? []), ...(observed.graph?.output ?? [])].map((info) => [info.name, portOf(info)]),
  );
  const exposed = exposeOutputs(withoutAnnotations(observed), names);
  const session = await runtime
    .createSession(unshared(toModelFile(weightsAsInputs(exposed))), { threads: 1 })
    .catch(() => loadSession(runtime, toModelFile(exposed), { threads: 1 }, `"${fileName}"`));
  const own = new Map(inputPorts(observed).map((port) => [port.name, port]));
  for (const port of [...session.inputs.filter(({ name }) => own.has(name)), ...session.outputs]) {
    const shape = completed(port.dims, stated.get(port.name)?.dims);
    types.set(port.name, port.type);
    if (own.get(port.name)?.unshaped) continue;
    inferred.set(port.name, port.dims);
    shapes.set(port.name, shape);
    if (shape.length > 0 && shape.every((dim) => typeof dim === "number")) dims.set(port.name, shape as number[]);
  }
  await session.dispose();
  return { types, dims, shapes, inferred };
}

/** With data of its own: on its way to a worker, a view takes the whole file along that it is a view of. */
function unshared(file: ModelFile): ModelFile {
  return { ...file, external: file.external.map(({ path, data }) => ({ path, data: copyBytes(data) })) };
}

/** Said of inputs without fixed dimensions where the target asks for them. */
function unsized(inputs: readonly Port[], { staticShapes, name: target }: Target): Notice[] {
  const open = staticShapes ? inputs.filter(({ dims }) => dims.some((dim) => typeof dim !== "number")) : [];
  return open.map(({ name }) => ({
    kind: "warning",
    subject: name,
    message: `${target} takes no input whose dimensions are not fixed; give ${name} its dimensions.`,
  }));
}

function unshaped(inputs: readonly Port[]): Notice[] {
  const silent = inputs.filter((port) => port.unshaped);
  return silent.map((port) => ({ kind: "warning", subject: port.name, message: unshapedMessage(port) }));
}
