import { type Evaluation, otherText } from "../model/evaluation.ts";
import type { WeightScheme } from "../model/recipe.ts";
import { allNodes } from "../onnx/opset.ts";
import type { ModelProto } from "../onnx/proto/onnx_pb.ts";
import type { Choices } from "../recipe/change.ts";
import { TARGETS } from "../targets/index.ts";
import { WEBGPU_OWN_OPERATORS } from "../targets/ortWebgpu.ts";
import { significant } from "../values/figures.ts";
import { percent } from "../values/shares.ts";
import { decibel } from "../values/units.ts";
import type { Artifact } from "./artifact.ts";
import { modelArtifact } from "./modelArtifact.ts";
import { type ModelSource, readWholeModel } from "./source.ts";

/** One file of a family, and what its recipe chooses. */
export interface FamilyVariant {
  /** What the library calls it. */
  readonly dtype: string;
  /** What its file's name has after the part's. */
  readonly suffix: string;
  /** Null for the float model. Those with the same choices are the same model. */
  readonly choices: Choices | null;
  /** What is chosen where that cannot be made, as of a model that multiplies nothing. */
  readonly otherwise?: Choices;
  /** What is to be said of it. */
  readonly says: string | null;
}

const PLAIN: WeightScheme = { type: "int8", granularity: "channel", rounding: "nearest" };
const BLOCKS: WeightScheme = { ...PLAIN, type: "uint4", block: 32, others: "wider", operator: "matmulnbits" };
const EIGHT_BITS = {
  choices: { format: "dynamic", weights: PLAIN },
  otherwise: { format: "weights", weights: { ...PLAIN, type: "uint8", block: 32, operator: "matmulnbits" } },
} as const;

/** As @huggingface/transformers 4.3.2 names them (src/utils/dtypes.js). */
export const FAMILY_VARIANTS: readonly FamilyVariant[] = [
  { dtype: "fp32", suffix: "", choices: null, says: null },
  { dtype: "fp16", suffix: "_fp16", choices: { format: "float16", weights: PLAIN }, says: null },
  { dtype: "q8", suffix: "_quantized", ...EIGHT_BITS, says: null },
  { dtype: "int8", suffix: "_int8", ...EIGHT_BITS, says: "The same as q8." },
  {
    dtype: "uint8",
    suffix: "_uint8",
    ...EIGHT_BITS,
    says: "The same as q8: the format dynamic takes no unsigned weights.",
  },
  {
    dtype: "q4",
    suffix: "_q4",
    choices: { format: "weights", weights: BLOCKS },
    says: null,
  },
  {
    dtype: "q4f16",
    suffix: "_q4f16",
    choices: { format: "q4f16", weights: BLOCKS },
    says: null,
  },
  {
    dtype: "bnb4",
    suffix: "_bnb4",
    choices: { format: "weights", weights: { ...PLAIN, type: "nf4", block: 64 } },
    says: null,
  },
];

/** What the library's names have after a part's, those that are not written here too. */
const SUFFIXES = ["fp16", "int8", "uint8", "quantized", "q4", "q2", "q1", "q4f16", "q2f16", "q1f16", "bnb4"];

/** Whether a model's name says that it is a variant of another. */
export function isVariantName(name: string): boolean {
  return SUFFIXES.some((suffix) => name.endsWith(`_${suffix}`));
}

/** What a runtime works out as it loads a model. */
const NO_WORK: readonly string[] = ["Constant", "Identity"];

/** The operators of a model that are predicted to run on the processor where it runs on WebGPU, by ONNX Runtime's list of kernels. */
export function besideWebgpu({ graph, functions }: ModelProto): readonly string[] {
  const kernels = TARGETS["ort-webgpu"].kernels ?? new Set<string>();
  const known = new Set([...kernels, ...WEBGPU_OWN_OPERATORS, ...NO_WORK, ...functions.map(({ name }) => name)]);
  const nodes = [...(graph ? allNodes(graph) : []), ...functions.flatMap(({ node }) => node)];
  return [...new Set(nodes.map(({ opType }) => opType))].filter((operator) => !known.has(operator)).sort();
}

/** dB of the worst output; null where no output has a figure. */
export function worstOutput({ outputs }: Evaluation): number | null {
  const known = outputs.flatMap(({ sqnr }) => (sqnr === null ? [] : [sqnr]));
  return known.length > 0 ? Math.min(...known) : null;
}

/** Below it what an output says is more error than answer. */
const LEAST_SQNR = 10;
/** The share of values, or of rows, that has to be as in the float model. */
const LEAST_SAME = 0.5;

/** Why what a model answers is noise beside the float model, in words; null where it is not. */
export function noiseOf(evaluation: Evaluation): string | null {
  const { top1, perplexity, outputs, others = [] } = evaluation;
  const broken = outputs.find(({ sqnr, nonFinite }) => sqnr === null && nonFinite > 0);
  if (broken) return `values of ${broken.name} are not finite`;
  const worst = outputs.find(({ sqnr }) => sqnr !== null && sqnr < LEAST_SQNR);
  if (worst) return `${worst.name} has an SQNR of ${decibel(worst.sqnr!)}, below ${decibel(LEAST_SQNR)}`;
  const other = others.find(({ same }) => same !== null && same < LEAST_SAME);
  if (other) return `of ${other.name}, ${otherText(other)}`;
  if (top1 && top1.quantized < top1.float / 2) {
    return `top-1 is ${percent(top1.quantized)}, of ${percent(top1.float)} in float`;
  }
  if (perplexity && !(perplexity.quantized <= 2 * perplexity.float)) {
    return `perplexity is ${significant(perplexity.quantized)}, of ${significant(perplexity.float)} in float`;
  }
  return null;
}

/** A float model as it came where it is one file in memory; else with its weights in it, or where that would be longer than anything loads in a file beside it. */
export async function floatArtifact(
  source: ModelSource,
  name: string,
): Promise<Artifact & { readonly model: ModelProto }> {
  const { model, external } = await readWholeModel(source);
  const { bytes } = source;
  if (external.length === 0 && bytes instanceof Uint8Array) return { name, chunks: [bytes], model };
  return modelArtifact(model, name);
}
