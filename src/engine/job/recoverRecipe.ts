import { constantsToInitializers } from "../graph/constants.ts";
import { takesCodes, takesHalfEnds, takesRanges } from "../model/format.ts";
import { InputError } from "../model/job.ts";
import type { RecipeDifference, Recovery, StoredActivation } from "../model/quantizedFile.ts";
import { type Range, widened } from "../model/range.ts";
import type { FoundCodes, Recipe } from "../model/recipe.ts";
import { DEFAULT_TARGET, TARGET_NAMES, type TargetName } from "../model/target.ts";
import type { Port } from "../model/tensor.ts";
import type { GraphIndex } from "../onnx/graph.ts";
import { inputPorts, outputPorts } from "../onnx/ports.ts";
import type { GraphProto, ModelProto, NodeProto } from "../onnx/proto/onnx_pb.ts";
import { passingFloats } from "../onnx/tensor.ts";
import { biasPlace } from "../operators/biasPlace.ts";
import type { LayerPlan, QuantizationPlan } from "../plan/plan.ts";
import { biasValues, type ReadBias } from "../quantized/bias.ts";
import { carriedCodes, carriedRounding } from "../quantized/carried.ts";
import { biasDifference, type Difference, differenceOf, layersByFloat, type Side } from "../quantized/difference.ts";
import { type Matched, matchLayers } from "../quantized/match.ts";
import { type ReadLayer, readGraph } from "../quantized/read.ts";
import { activationsOfLayers, isWeightType, rangeFor, recipeType, type Scheme, schemeOf } from "../quantized/scheme.ts";
import { withWide } from "../recipe/wide.ts";
import { isComputedInBfloats } from "../targets/computed.ts";
import { targetOf } from "../targets/index.ts";
import { takesWide } from "../targets/takesWide.ts";
import { refusalOf } from "../targets/target.ts";
import { rangeWithin } from "../values/clamp.ts";
import { isAlone } from "../values/codes.ts";
import { plural } from "../values/figures.ts";
import { defaultRecipe, type OpenModel, planModel } from "./open.ts";
import { quantizeModel } from "./quantize.ts";
import type { OpenQuantized } from "./readQuantized.ts";
import { computesBfloats } from "./runsHere.ts";

/** Layers and tensors are left in float until the plan asks for no others. */
const ROUNDS = 6;
/** Of a larger model one target alone is tried: each takes as long as quantizing it does. */
const TRIED_BYTES = 2 ** 26;

/** What of a file goes into a recipe. */
interface Evidence {
  readonly layers: readonly ReadLayer[];
  readonly matched: Matched;
  /** Of the file's inputs and outputs, by name. */
  readonly ports: ReadonlyMap<string, Port["type"]>;
  /** By tensor of the float model. */
  readonly activations: ReadonlyMap<string, StoredActivation>;
}

/** Which layer of a float model each layer of a quantized file is. */
export function matchQuantized(model: Pick<OpenModel, "folded" | "original">, { layers }: OpenQuantized): Matched {
  return matchLayers(layers, model.folded.graph!, givenGraph(model));
}

/** The model as it came, constants among the initialisers. */
export function givenGraph({ original }: Pick<OpenModel, "original">): GraphProto {
  return constantsToInitializers(original).model.graph!;
}

/**
 * The recipe that a quantized file was made by, as far as it tells: format, types, granularity, ranges by hand, what stays in float.
 * It is exported, read again and held against the file: of several targets the one that comes closest is taken.
 */
export function recoverRecipe(model: OpenModel, quantized: OpenQuantized, matched: Matched): Recovery {
  const { layers } = quantized;
  const scheme = schemeOf(layers);
  const none = { weights: { all: 0, same: 0, sameScales: 0 }, activations: { all: 0, same: 0 } };
  const nothing = (message: string): Recovery => ({
    recipe: null,
    counts: none,
    differences: [{ subject: quantized.file.name, message }],
    targets: [],
  });
  if (typeof scheme === "string") return nothing(scheme);
  if (matched.matches.length === 0) return nothing("has no layer that is one of the float model's.");
  const { unsaid, ...said } = scheme;
  const ports = portTypes(quantized.file);
  const evidence: Evidence = { layers, matched, ports, activations: activationsIn(layers, matched) };
  const base: Recipe = {
    ...defaultRecipe(model),
    ...said,
    ...endsOf(model, ports, said),
    weights: { ...said.weights, ...typesOf(evidence, scheme) },
    corrections: { equalization: false, bias: "none" },
    method: "minmax",
    unjoined: [],
    spared: {},
  };
  const tried: Tried[] = [];
  const refused: string[] = [];
  const isComputed = said.format === "bfloat16" && computesBfloats(quantized.model);
  for (const { target, recipe } of candidates(base)) {
    if (isComputed && !isComputedInBfloats(recipe)) continue;
    const refusal = refusalOf(targetOf(recipe), recipe);
    if (refusal !== null) {
      refused.push(refusal);
      continue;
    }
    if (tried.length > 0 && (model.bytes > TRIED_BYTES || !takesRanges(recipe))) break;
    try {
      const settled = settledRecipe(model, recipe, evidence);
      const made = exported(model, settled, evidence);
      tried.push({ target, recipe: settled, ...made });
      if (made.difference.differences.length === 0) break;
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      refused.push(error.message);
    }
  }
  const [nearest] = tried.toSorted((one, other) => distance(one.difference) - distance(other.difference));
  if (!nearest) return nothing(`has what no target takes: ${refused[0]}`);
  const best = nearest.difference.differences.length > 0 ? closer(model, nearest, evidence) : nearest;
  const kept = matched.stored.filter(({ operator }) => operator === "BatchNormalization").length;
  const folded =
    kept > 0
      ? [
          `keeps ${plural(kept, "BatchNormalization layer")}, which are folded into the layers before them here, so that these have other scales.`,
        ]
      : [];
  const told: RecipeDifference[] = [...unsaid, ...folded].map((message) => ({ subject: quantized.file.name, message }));
  return {
    recipe: best.recipe,
    counts: best.difference.counts,
    differences: [...told, ...best.difference.differences],
    targets: [best.target, ...new Set(tried.map(({ target }) => target).filter((target) => target !== best.target))],
  };
}

interface Tried extends Export {
  readonly target: TargetName;
  readonly recipe: Recipe;
}

/** With the file's codes where that brings the export closer. */
function closer(model: OpenModel, nearest: Tried, evidence: Evidence): Tried {
  const recipe = withFileCodes(model, nearest.recipe, evidence, nearest.made);
  if (!recipe || refusalOf(targetOf(recipe), recipe) !== null) return nearest;
  const made = exported(model, recipe, evidence);
  return distance(made.difference) < distance(nearest.difference) ? { ...nearest, recipe, ...made } : nearest;
}

function distance({ differences, counts }: Difference): number {
  return differences.length - counts.weights.sameScales / (counts.weights.all + 1);
}

/** The recipe for each target, that of recipes that say none first; layers without weights are quantized as samples would decide, or all. */
function candidates(base: Recipe): readonly { readonly target: TargetName; readonly recipe: Recipe }[] {
  const targets = [DEFAULT_TARGET, ...TARGET_NAMES.filter((name) => name !== DEFAULT_TARGET)];
  return targets.flatMap((target) => {
    const recipe = target === DEFAULT_TARGET ? base : { ...base, target };
    return (["auto", "join"] as const).map((elementwise) => ({ target, recipe: { ...recipe, elementwise } }));
  });
}

/** What the file has for each tensor of the float model: what its maker makes, and what layers read of the model's inputs. */
export function activationsIn(
  layers: readonly ReadLayer[],
  { tensors }: Matched,
): ReadonlyMap<string, StoredActivation> {
  const named = activationsOfLayers(layers).map((activation) => [activation.tensor, activation] as const);
  const made = [...tensors].flatMap(([tensor, { activation }]) =>
    activation.scale === null ? [] : [[tensor, activation] as const],
  );
  const unrounded = [...tensors].flatMap(([tensor, { activation }]) => (activation.scale === null ? [tensor] : []));
  const all = new Map([...named, ...made]);
  for (const tensor of unrounded) all.delete(tensor);
  return all;
}

/** Weights of other types than most. */
function typesOf({ layers, matched }: Evidence, { format, weights }: Scheme): Pick<Recipe["weights"], "layers"> {
  const most = weights.type;
  const floats = new Map(matched.matches.map(({ stored, float }) => [stored, float]));
  const others = layers.flatMap(({ id, weights: [weight] }) => {
    const float = floats.get(id);
    const type = weight && weight.placeOf !== null ? recipeType(weight) : most;
    const isOther = type !== most && isWeightType(type) && (format === "weights" || !isAlone(type));
    return float !== undefined && isOther ? [[float, type] as const] : [];
  });
  return others.length > 0 ? { layers: Object.fromEntries(others) } : {};
}

/** The recipe with what the file leaves in float left so, and the ranges of what is rounded set by hand. */
function settledRecipe(model: OpenModel, base: Recipe, evidence: Evidence): Recipe {
  let recipe = withWideOf(model, base, evidence);
  for (let round = 0; round < ROUNDS; round++) {
    const plan = planModel(model, recipe);
    const found = takesCodes(recipe) ? inFloat(plan, evidence) : [];
    const kept = [...(takesCodes(recipe) ? keptInFloat(plan, evidence) : []), ...inFloat32(plan, evidence)];
    const tensors = takesRanges(recipe) ? unrounded(plan, evidence) : [];
    if (found.length + kept.length + tensors.length === 0) break;
    const { float, unjoined } = recipe;
    const isDecided = ({ weightUse }: LayerPlan) => recipe.elementwise === "auto" && weightUse === null;
    const layers = new Set([...found.filter((layer) => !isDecided(layer)).map(({ id }) => id), ...kept]);
    const decided = found.filter(isDecided).map(({ id }) => id);
    recipe = {
      ...recipe,
      unjoined: [...(unjoined ?? []), ...decided],
      float: { ...float, layers: [...float.layers, ...layers], tensors: [...float.tensors, ...tensors] },
    };
  }
  const { groups } = planModel(model, recipe);
  if (!takesRanges(recipe)) return { ...recipe, resolved: {} };
  const settled = groups.flatMap(({ id, fixed, bounds, members }) => {
    const range = fixed ? null : rangeOf(members, evidence, recipe);
    return range ? [[id, range, rangeWithin(range, bounds)] as const] : [];
  });
  const fixedOnes = groups.flatMap(({ id, fixed }) => (fixed ? [[id, fixed] as const] : []));
  return {
    ...recipe,
    ranges: Object.fromEntries(settled.map(([id, range]) => [id, range])),
    resolved: Object.fromEntries([...fixedOnes, ...settled.map(([id, , range]) => [id, range] as const)]),
  };
}

/** The recipe with the layers in 16 bits that read all in these, where its target takes such beside others in 8. */
function withWideOf(model: OpenModel, recipe: Recipe, evidence: Evidence): Recipe {
  const type = takesWide(targetOf(recipe), recipe) ? widened(recipe.activations)?.type : undefined;
  const isWide = ({ reads }: ReadLayer) => reads.length > 0 && reads.every((read) => read.type === type);
  const named = [...layersByFloat(evidence)].flatMap(([id, layer]) => (isWide(layer) ? [id] : []));
  if (type === undefined || named.length === 0) return recipe;
  const { layers } = planModel(model, { ...recipe, wide: named });
  return withWide(
    recipe,
    layers.flatMap(({ id, wide, follower }) => (wide && !follower ? [id] : [])),
  );
}

/** Layers that the recipe would quantize, and that the file has in float: what reads float and makes what is rounded may be fused to a layer before it. */
function inFloat({ layers, half }: QuantizationPlan, evidence: Evidence): readonly LayerPlan[] {
  const found = layersByFloat(evidence);
  return layers.filter(({ id, reason, weightUse }) => {
    const layer = found.get(id);
    if (reason !== null || !layer) return false;
    if (weightUse !== null) return layer.weights.length === 0;
    if (half) return false;
    return layer.form === "float" && layer.makes.every(({ activation }) => activation.type === null);
  });
}

/** Layers that the recipe would have in a float of 16 bits, and that the file has in float32. */
function inFloat32({ half }: QuantizationPlan, evidence: Evidence): readonly string[] {
  const found = layersByFloat(evidence);
  const isFloat32 = (layer?: ReadLayer) => layer?.floats === "float32" && layer.weights.length === 0;
  return [...(half?.layers ?? [])].filter((id) => isFloat32(found.get(id)));
}

/** Layers that are computed in float, inside others or not, of which the recipe would keep weights in codes and the file does not. */
function keptInFloat({ stored }: QuantizationPlan, evidence: Evidence): readonly string[] {
  const found = layersByFloat(evidence);
  const isFloat = ({ layer, weights }: QuantizationPlan["stored"][number]) =>
    weights.length > 0 && found.get(layer.id)?.weights.length === 0;
  return stored.filter(isFloat).map(({ layer }) => layer.id);
}

/** Tensors that the recipe would round, and that have no scale in the file. */
function unrounded({ groups }: QuantizationPlan, evidence: Evidence): readonly string[] {
  return groups.flatMap(({ fixed, members }) =>
    fixed || members.some((name) => evidence.activations.has(name)) ? [] : members,
  );
}

function rangeOf(members: readonly string[], { activations }: Evidence, recipe: Recipe): Range | null {
  const known = members.map((name) => activations.get(name)).find((activation) => activation !== undefined);
  return known ? rangeFor(known, recipe.activations) : null;
}

interface Export {
  readonly made: Side;
  readonly difference: Difference;
}

/** What the recipe's export has otherwise than the file. */
function exported(model: OpenModel, recipe: Recipe, { layers, matched, ports }: Evidence): Export {
  const { model: written, file } = quantizeModel(model, recipe);
  const read = readGraph(written.graph!);
  const again = matchLayers(read.layers, model.folded.graph!, givenGraph(model));
  const made = { layers: read.layers, matched: again };
  const difference = differenceOf({ layers, matched }, made);
  return { made, difference: { ...difference, differences: [...difference.differences, ...otherEnds(ports, file)] } };
}

/** Inputs and outputs that are float16 in one of a file and what is written, and not in the other. */
function otherEnds(ports: Evidence["ports"], file: ModelProto): RecipeDifference[] {
  const written = portTypes({ inputs: inputPorts(file), outputs: outputPorts(file) });
  return [...ports].flatMap(([subject, type]) => {
    const other = written.get(subject);
    if (other === undefined || type === other || (type !== "float16" && other !== "float16")) return [];
    return [{ subject, message: `is ${type} in the file, and ${other} in what the recipe writes.` }];
  });
}

function portTypes({ inputs, outputs }: Pick<OpenQuantized["file"], "inputs" | "outputs">): Evidence["ports"] {
  return new Map([...inputs, ...outputs].map(({ name, type }) => [name, type]));
}

/** What a file with float16 ends was written by: beside weights for MatMulNBits all else is in float16 then, too. */
function endsOf(
  model: OpenModel,
  ports: Evidence["ports"],
  { format, weights }: Omit<Scheme, "unsaid">,
): Partial<Recipe> {
  if (!hasHalfEnds(model, ports)) return {};
  const own = format === "weights" && weights.operator === "matmulnbits" ? "q4f16" : format;
  return takesHalfEnds({ format: own }) ? { format: own, ends: "float16" } : {};
}

/** Whether a file has float16 where the model has a float32 input or output. */
function hasHalfEnds({ reference }: Pick<OpenModel, "reference">, ports: Evidence["ports"]): boolean {
  const own = [...inputPorts(reference), ...outputPorts(reference)];
  return own.some(({ name, type }) => type === "float32" && ports.get(name) === "float16");
}

/** The recipe with the file's codes in it where rounding to nearest gives others: as learned rounding, or of blocks as codes found on samples; of biases as corrections. */
function withFileCodes(model: OpenModel, recipe: Recipe, { layers, matched }: Evidence, made: Side): Recipe | null {
  const { weights } = recipe;
  const plan = planModel(model, recipe);
  const own = layersByFloat({ layers, matched });
  const again = layersByFloat(made);
  const rounding: Record<string, string> = {};
  const codes: Record<string, FoundCodes> = {};
  const biases: Record<string, readonly number[]> = {};
  for (const { id, node, weightUse } of plan.layers) {
    const added = addedToBias(node, plan.index, own.get(id)?.bias ?? null, again.get(id)?.bias ?? null);
    if (added) biases[id] = added;
    const [stored, written] = [own.get(id)?.weights[0], again.get(id)?.weights[0]];
    const tensor = weightUse && plan.index.initializer(weightUse.name);
    if (!stored || !written || !tensor) continue;
    if (weights.block !== undefined) {
      const found = carriedCodes(stored, written);
      if (found) codes[id] = found;
      continue;
    }
    const bits = carriedRounding(stored, written, passingFloats(tensor));
    if (bits !== null) rounding[id] = bits;
  }
  if (Object.keys(codes).length > 0) return { ...recipe, weights: { ...weights, algorithm: "gptq" }, codes };
  const [isRounded, isCorrected] = [rounding, biases].map((each) => Object.keys(each).length > 0);
  if (!isRounded && !isCorrected) return null;
  return {
    ...recipe,
    ...(isRounded && { weights: { ...weights, rounding: "learned" }, rounding }),
    ...(isCorrected && { corrections: { ...recipe.corrections, bias: "empirical" }, biases }),
  };
}

/** What a file's bias has more than the float one, in values; null where the export has the same. */
function addedToBias(
  node: NodeProto,
  index: GraphIndex,
  stored: ReadBias | null,
  written: ReadBias | null,
): readonly number[] | null {
  if (!stored || !written || biasDifference(stored, written) === null) return null;
  const place = biasPlace(node, index);
  const float = place && index.initializer(place.node.input[place.input] ?? "");
  const values = float ? passingFloats(float) : null;
  return values && Array.from(biasValues(stored), (value, at) => value - (values[at] as number));
}
