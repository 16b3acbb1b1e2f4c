import type { Notice } from "./job.ts";
import type { Recipe } from "./recipe.ts";
import type { ErrorWalk } from "./sensitivity.ts";
import type { TargetName } from "./target.ts";
import type { Port } from "./tensor.ts";

/** How a layer of a quantized file is written. */
export const WRITTEN_FORMS = ["qdq", "qoperator", "dynamic", "weights", "float16", "bfloat16", "float"] as const;
export type WrittenForm = (typeof WRITTEN_FORMS)[number];

/** What each is, in words. */
export const WRITTEN_WORDS: Readonly<Record<WrittenForm, string>> = {
  qdq: "QDQ (QuantizeLinear and DequantizeLinear around it)",
  qoperator: "an operator on codes",
  dynamic: "dynamic (scales of activations are found as the model runs)",
  weights: "weights alone",
  float16: "float16",
  bfloat16: "bfloat16",
  float: "float32",
};

/** How often each code occurs, in bins of `width` codes from `low` on. */
export interface CodeCounts {
  /** The least and the greatest code of the type. */
  readonly low: number;
  readonly high: number;
  /** Those that occur. */
  readonly least: number;
  readonly greatest: number;
  /** How many different codes occur, and the share of values that have the least or the greatest code of the type. */
  readonly distinct: number;
  readonly atEnds: number;
  readonly width: number;
  readonly counts: readonly number[];
}

/** A constant of a layer as a file stores it: its values are (code - zero point) * scale, or those of a table or a short float. */
export interface StoredConstant {
  /** The initialiser that holds its codes. */
  readonly name: string;
  /** Its element type as ONNX has it, in lower case: int8, uint4, float8e4m3fn, float16; nf4 and fp4 of MatMulBnb4, and codebook16 and codebook256. */
  readonly type: string;
  /** As the layer reads it, in float. */
  readonly dims: readonly number[];
  /** The axis that scales run along; null for one scale, and for blocks. */
  readonly axis: number | null;
  readonly block: { readonly axis: number; readonly size: number } | null;
  /** None of a short float, which has no scale. */
  readonly scales: Float32Array;
  /** One a scale; null where all are 0. */
  readonly zeroPoints: Float32Array | null;
  /** Null of floats, whose codes say nothing by themselves. */
  readonly codes: CodeCounts | null;
}

/** An activation as a layer reads or makes it. */
export interface StoredActivation {
  /** Its name in float, as far as the file says it; else that of its codes. */
  readonly tensor: string;
  /** uint8 and the like; null where it is not quantized. */
  readonly type: string | null;
  /** Null where it is not quantized, or found as the model runs. */
  readonly scale: number | null;
  readonly zeroPoint: number | null;
  /** What its codes can hold; null likewise. */
  readonly range: { readonly low: number; readonly high: number } | null;
  readonly isDynamic: boolean;
}

export interface StoredLayer {
  /** The node's name, or operator and output; unique in the file. */
  readonly id: string;
  /** The float operator that it computes: Conv of a QLinearConv. */
  readonly operator: string;
  /** The operator as it is written. */
  readonly written: string;
  readonly form: WrittenForm;
  readonly weights: readonly StoredConstant[];
  readonly reads: readonly StoredActivation[];
  readonly makes: readonly StoredActivation[];
}

/** What a file that Octet wrote says that it was made from, as SHA-256 in hexadecimal. */
export interface Origin {
  /** Of the model that was given, as `model.sha256` of its recipe. */
  readonly source: string;
  /** Of the file of the recipe, `NAME.recipe.json`. */
  readonly recipe: string;
}

/** What a quantized file of any tool holds. */
export interface QuantizedFile {
  readonly name: string;
  readonly sha256: string;
  readonly bytes: number;
  readonly opset: number;
  readonly irVersion: number;
  readonly producer: string;
  /** Null of a file that does not say it, as those of other tools. */
  readonly origin: Origin | null;
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
  /** In graph order. */
  readonly layers: readonly StoredLayer[];
  /** What is in it that is not understood, and what was done to read it. */
  readonly notices: readonly Notice[];
}

/** How a layer was told to be one of the float model. */
export type MatchedBy = "tensor" | "name" | "weight name" | "weight" | "place";

export const MATCHED_WORDS: Readonly<Record<MatchedBy, string>> = {
  tensor: "the tensor it makes",
  name: "its name",
  "weight name": "the name of its weight",
  weight: "the values of its weight",
  place: "its place in the graph",
};

/** A layer of the file and the layer of the float model that it is. */
export interface LayerMatch {
  readonly stored: string;
  readonly float: string;
  readonly by: MatchedBy;
  /** Of its dequantized weight against the float one, dB; null without a weight. */
  readonly sqnr: number | null;
  /**
   * Of its bias in codes against the float one: SQNR in dB, and how many of its own steps the two are apart at most, 0.5 of which is
   * rounding; null where either has none.
   */
  readonly bias: { readonly sqnr: number; readonly steps: number } | null;
}

/** A layer without a counterpart, and why. */
export interface Unmatched {
  readonly layer: string;
  readonly operator: string;
  readonly why: string;
}

export interface Matching {
  readonly matches: readonly LayerMatch[];
  /** Layers of the float model that the file computes within another, such as a Relu within its Conv: by that one. */
  readonly fused: readonly { readonly float: string; readonly within: string }[];
  /** Layers of the file, and of the float model, that have no counterpart. */
  readonly stored: readonly Unmatched[];
  readonly float: readonly Unmatched[];
  /** What should keep a person from believing that the file was made from this float model. */
  readonly notices: readonly Notice[];
}

/** What a recipe that was recovered gives otherwise than the file has it. */
export interface RecipeDifference {
  readonly subject: string;
  readonly message: string;
}

/** How many of the layers with quantized weights, and of the activations with a scale, a recovered recipe gives as the file has them. */
export interface RecoveryCounts {
  /** Layers whose weights have the same codes and scales, and the same scales with a few other codes. */
  readonly weights: { readonly all: number; readonly same: number; readonly sameScales: number };
  readonly activations: { readonly all: number; readonly same: number };
}

/** The recipe that a file was made by, as far as the file tells it: exported and held against it. */
export interface Recovery {
  /** Null where Octet writes nothing like the file: `differences` says why. */
  readonly recipe: Recipe | null;
  readonly counts: RecoveryCounts;
  readonly differences: readonly RecipeDifference[];
  /** What it was tried for, the one that it is for first. */
  readonly targets: readonly TargetName[];
}

/** Float against a quantized file, layer by layer. */
export interface FileWalk extends ErrorWalk {
  /** Layers of the float model that the file has and that were not compared, and why, in graph order. */
  readonly unwalked: readonly Unmatched[];
}

/** A quantized file of any tool beside its float model. */
export interface QuantizedBeside {
  readonly file: QuantizedFile;
  readonly matching: Matching;
  readonly recovery: Recovery;
}

/** What a model file is, before it is opened. */
export interface FileKind {
  /** Whether it has layers on quantized tensors, or weights in integers. */
  readonly isQuantized: boolean;
  /** Whether no layer that multiplies is left in float, so that there is nothing to quantize. */
  readonly isWhole: boolean;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
}
