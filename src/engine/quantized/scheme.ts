import type { RecipeFormat } from "../model/format.ts";
import type { StoredActivation, WrittenForm } from "../model/quantizedFile.ts";
import { type ActivationScheme, type Range, widened } from "../model/range.ts";
import type { Recipe } from "../model/recipe.ts";
import {
  ACTIVATION_TYPES,
  type ActivationType,
  activationBits,
  BLOCK_SIZES,
  codeLimits,
  WEIGHT_TYPES,
  type WeightType,
} from "../values/codes.ts";
import { limitsOf, type ReadConstant } from "./constant.ts";
import type { ReadLayer } from "./read.ts";

/** What most of a file's layers have, which a recipe says once. */
export interface Scheme {
  readonly format: RecipeFormat;
  readonly activations: ActivationScheme;
  readonly weights: Recipe["weights"];
  /** What of the file no recipe says, in sentences. */
  readonly unsaid: readonly string[];
}

/** The scheme of a file's layers; or why Octet has none like it. */
export function schemeOf(layers: readonly ReadLayer[]): Scheme | string {
  const weighted = layers.filter(({ weights, form }) => weights.length > 0 && form !== "float");
  // What is inside others is computed in float in each format of Octet's, its weights in codes.
  const told = weighted.filter((layer) => layer.within.length === 0 || layer.form !== "weights");
  // Blocks for MatMulNBits beside float16 are of q4f16, however few they are.
  const isBlocks = ({ written, form: own }: ReadLayer) => own === "float16" || written === "MatMulNBits";
  const isInBlocks = told.every(isBlocks) && told.some(({ written }) => written === "MatMulNBits");
  const form = isInBlocks
    ? "weights"
    : (mostOf((told.length > 0 ? told : weighted).map((layer) => layer.form)) ??
      mostOf(layers.filter((layer) => layer.form !== "float").map((layer) => layer.form)));
  if (!form) return "has no quantized layer.";
  const unsaid: string[] = [];
  const activations = activationsOf(layers, form, unsaid);
  if (typeof activations === "string") return activations;
  const typed = weighted.flatMap(({ weights }) => weights.slice(0, 1)).filter(({ placeOf }) => placeOf !== null);
  const weights = typed.length > 0 ? weightsOf(typed, weighted, form, unsaid) : DEFAULT_WEIGHTS;
  if (typeof weights === "string") return weights;
  return { format: formatOf(form, layers, activations, weights), activations, weights, unsaid };
}

const DEFAULT_WEIGHTS: Recipe["weights"] = { type: "int8", granularity: "channel", rounding: "nearest" };
const UINT8: ActivationScheme = { type: "uint8", symmetric: false };

function formatOf(
  form: WrittenForm,
  layers: readonly ReadLayer[],
  { type }: ActivationScheme,
  weights: Recipe["weights"],
): RecipeFormat {
  if (form === "qdq" && type === "float8") return "float8";
  const hasHalves = layers.some((layer) => layer.form === "float16");
  if (form === "weights" && hasHalves && weights.operator === "matmulnbits") return "q4f16";
  return form === "float" ? "weights" : form;
}

function activationsOf(layers: readonly ReadLayer[], form: WrittenForm, unsaid: string[]): ActivationScheme | string {
  if (form !== "qdq" && form !== "qoperator") return UINT8;
  const all = activationsOfLayers(layers);
  const types = all.map(({ type }) => plainType(type ?? ""));
  const narrow = mostOf(types.filter((each) => isActivationType(each) && activationBits(each) === 8));
  const wider =
    narrow !== undefined && isActivationType(narrow) ? widened({ type: narrow, symmetric: false })?.type : undefined;
  const isMixed = form === "qdq" && wider !== undefined && types.includes(wider);
  const type = isMixed ? narrow : mostOf(types);
  if (!type || !isActivationType(type))
    return `has activations of ${type ?? "no one scale"}, which Octet does not write.`;
  const others = types.filter((each) => each !== type && !(isMixed && each === wider));
  if (others.length > 0)
    unsaid.push(
      `has ${others.length} activations of ${[...new Set(others)].join(", ")}; a recipe has one type of so many bits for all, ${type} here.`,
    );
  const centre = type === "float8" || codeLimits(type)[0] < 0 ? 0 : (codeLimits(type)[1] + 1) / 2;
  const own = all.filter((activation) => plainType(activation.type ?? "") === type);
  return { type, symmetric: own.every(({ zeroPoint }) => zeroPoint === centre) };
}

/** Activations with one scale that the file states, each tensor once. */
export function activationsOfLayers(layers: readonly ReadLayer[]): readonly StoredActivation[] {
  const all = layers.flatMap(({ reads, makes }) => [...reads, ...makes.map(({ activation }) => activation)]);
  return [...new Map(all.filter(({ scale }) => scale !== null).map((each) => [each.tensor, each])).values()];
}

/** The range by which a scheme gives a scale and a zero point again. */
export function rangeFor(
  { type: own, scale, zeroPoint, range }: StoredActivation,
  { type, symmetric }: ActivationScheme,
): Range | null {
  if (scale === null || zeroPoint === null || !range) return null;
  if (!symmetric) return range;
  const stored = plainType(own ?? "");
  const [lowest, highest] = codeLimits(isActivationType(stored) ? stored : type);
  const bound = (lowest < 0 ? highest : (highest - lowest) / 2) * scale;
  return { low: -bound, high: bound };
}

function weightsOf(
  typed: readonly ReadConstant[],
  layers: readonly ReadLayer[],
  form: WrittenForm,
  unsaid: string[],
): Recipe["weights"] | string {
  const type = mostOf(typed.map(recipeType)) ?? "";
  if (!isWeightType(type)) return `has weights of ${type}, which Octet does not write.`;
  const block = mostOf(typed.flatMap((weight) => weight.block?.size ?? []));
  const isBlocked = block !== undefined;
  if (isBlocked && !BLOCK_SIZES.some((size) => size === block)) {
    return `has weights in blocks of ${block}, and Octet writes those of ${BLOCK_SIZES.join(", ")}.`;
  }
  const granularity = isBlocked || typed.some(({ axis }) => axis !== null) ? "channel" : "tensor";
  if (form !== "weights" && type.startsWith("uint")) {
    unsaid.push(
      "has weights with zero points of their own; beside quantized activations Octet's have none, so they are int8.",
    );
    return { type: "int8", granularity, rounding: "nearest" };
  }
  const below = typed.filter(({ scales }) => scales.some((scale) => scale < 0)).length;
  if (below > 0) unsaid.push(`has scales below 0 in ${below} weights, which Octet does not write.`);
  if (type === "nf4") return { type, granularity, rounding: "nearest", block: block as (typeof BLOCK_SIZES)[number] };
  const isOwn = layers.some(({ written }) => written === "MatMulNBits");
  return {
    ...{ type, granularity, rounding: "nearest" },
    ...(isBlocked && { block: block as (typeof BLOCK_SIZES)[number], algorithm: "nearest" }),
    ...(isBlocked && isOwn && { operator: "matmulnbits" }),
  };
}

/** A weight's type as a recipe has it: unsigned codes around the middle one are the signed ones. */
export function recipeType(weight: ReadConstant): string {
  const { type } = weight;
  if (type.startsWith("float8e4m3fn")) return "float8";
  return type.startsWith("uint") && isCentred(weight) ? type.slice(1) : type;
}

function isCentred({ type, zeroPoints }: ReadConstant): boolean {
  const limits = limitsOf(type);
  return limits !== null && zeroPoints?.every((zero) => zero === (limits[1] + 1) / 2) === true;
}

function plainType(type: string): string {
  return type === "float8e4m3fn" ? "float8" : type;
}

export function isWeightType(type: string): type is WeightType {
  return WEIGHT_TYPES.some((each) => each === type);
}

function isActivationType(type: string): type is ActivationType {
  return ACTIVATION_TYPES.some((each) => each === type);
}

function mostOf<T>(values: readonly T[]): T | undefined {
  const counts = new Map<T, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return [...counts].sort(([, one], [, other]) => other - one)[0]?.[0];
}
