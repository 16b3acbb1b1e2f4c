import type { WeightType } from "../values/codes.ts";
import type { Preprocess } from "./preprocess.ts";
import type { ActivationScheme, Method, Range } from "./range.ts";

/** "auto" is the default of docs/methods.md: it looks at calibration samples only. */
export type MethodChoice = Method | "auto";

/** Remedies that change weights before they are quantized; docs/corrections.md describes each. */
export interface Corrections {
  /** Cross-layer equalization: the float model is rescaled, channel by channel, before it is calibrated. */
  readonly equalization: boolean;
  /** Biases make up for the mean error of each output channel: measured on samples, or worked out from BatchNormalization. */
  readonly bias: "none" | "empirical" | "analytic";
}

/** What equalization does to the channels of one tensor, before its activation: y becomes (y - absorb) / divide. */
export interface ChannelFactors {
  readonly divide: readonly number[];
  /** What the next layer's bias takes over from channels that are never smaller; 0 where nothing. */
  readonly absorb: readonly number[];
}

export interface WeightScheme {
  readonly type: WeightType;
  readonly granularity: "channel" | "tensor";
  /** Learned: up or down for each weight as reconstructs the layer's output best (AdaRound). */
  readonly rounding: "nearest" | "learned";
}

/** The formats that a recipe may ask for; weights alone are `float.activations`. */
export const RECIPE_FORMATS = ["qdq"] as const;
export type RecipeFormat = (typeof RECIPE_FORMATS)[number];

export interface Recipe {
  readonly version: 1;
  readonly model: { readonly name: string; readonly sha256: string };
  readonly format: RecipeFormat;
  readonly activations: ActivationScheme;
  readonly weights: WeightScheme;
  readonly corrections: Corrections;
  readonly method: MethodChoice;
  /** Methods that differ from `method`, by tensor (the group's id). */
  readonly methods: Readonly<Record<string, Method>>;
  /** Ranges set by hand, by tensor (the group's id). */
  readonly ranges: Readonly<Record<string, Range>>;
  /** What stays in float: layers by node name, operators by type, activations by tensor name. */
  readonly float: {
    readonly layers: readonly string[];
    readonly operators: readonly string[];
    readonly tensors: readonly string[];
    /** Every activation stays in float: only weights are quantized. */
    readonly activations: boolean;
  };
  readonly preprocess: Preprocess | null;
  /** Dimensions given to dynamic inputs, and inputs held at one value. */
  readonly inputs: {
    readonly shapes: Readonly<Record<string, readonly number[]>>;
    readonly values: Readonly<Record<string, number>>;
  };
  /** The ranges all of this came to, by group id; null until calibrated. With them the file needs no statistics. */
  readonly resolved: Readonly<Record<string, Range>> | null;
  /** What equalization came to, by the tensor that a layer makes before its activation; null until learned. */
  readonly factors: Readonly<Record<string, ChannelFactors>> | null;
  /**
   * What bias correction came to: what is added to each output channel of a layer before its activation, by layer;
   * null until learned.
   */
  readonly biases: Readonly<Record<string, readonly number[]>> | null;
  /**
   * What learned rounding came to, by layer: base64 of one bit a weight, in the order of the weight's values, the lowest
   * bit of a byte first; 1 where the weight is rounded up. Null until learned.
   */
  readonly rounding: Readonly<Record<string, string>> | null;
}

/**
 * These fields of a recipe and no others, as a worker is asked with them: a whole recipe, megabytes with learned rounding,
 * is none.
 */
export type RecipePart<K extends keyof Recipe> = Pick<Recipe, K> & { readonly [P in Exclude<keyof Recipe, K>]?: never };
