import {
  about,
  exactly,
  fields,
  finite,
  finites,
  flag,
  integer,
  integers,
  list,
  matching,
  maybe,
  nullable,
  number,
  type Of,
  oneNumber,
  oneOf,
  record,
  type Schema,
  text,
} from "../schema/define.ts";
import { BLOCK_SIZES, isAsymmetric, type StoredType, WEIGHT_TYPES, type WeightType } from "../values/codes.ts";
import { RECIPE_FORMATS } from "./format.ts";
import { EDITED_PREPROCESS, PREPROCESS } from "./preprocess.ts";
import { ACTIVATION_SCHEME, METHODS, RANGE, SCALES } from "./range.ts";
import { own } from "./record.ts";
import { TARGET } from "./target.ts";
import { VERSIONS } from "./versions.ts";

/** "auto" is the default of docs/methods.md: it looks at calibration samples only. */
const METHOD_CHOICE = oneOf([...METHODS, "auto"]);
export type MethodChoice = Of<typeof METHOD_CHOICE>;

/** Remedies that change weights before they are quantized; docs/corrections.md describes each. */
export const CORRECTIONS = fields({
  equalization: about(
    "Cross-layer equalization: the float model is rescaled, channel by channel, before it is calibrated.",
    flag,
  ),
  smoothing: about(
    "SmoothQuant: channels that integer layers read are divided where they are made, as far as that brings their products closer on samples; where this is absent, they are not.",
    maybe(flag),
  ),
  bias: about(
    "Biases make up for the mean error of each output channel: measured on samples, or worked out from BatchNormalization.",
    oneOf(["none", "empirical", "analytic"]),
  ),
});
export type Corrections = Of<typeof CORRECTIONS>;

/** What equalization does to the channels of one tensor, before its activation: y becomes (y - absorb) / divide. */
const CHANNEL_FACTORS = fields({
  divide: finites,
  absorb: about(
    "What the next layer's bias takes over from channels that are never smaller; 0 where nothing.",
    finites,
  ),
});
export type ChannelFactors = Of<typeof CHANNEL_FACTORS>;

/** What smoothing does to the channels of a tensor that integer layers read, and what that gains. */
const SMOOTHED = fields({
  alpha: about("How much of the difference between channels goes to the weights, above 0 to 1.", finite),
  divide: about("What each channel is divided by where it is made; the weights that read it are multiplied.", finites),
  sqnr: about(
    "Of the products of the integer layers that read it, dB, on samples that did not choose alpha: without and with it.",
    fields({ before: number, after: number }),
  ),
});
export type Smoothed = Of<typeof SMOOTHED>;

/** Whether channels are to be scaled before the model is observed. */
export function scalesChannels({ equalization, smoothing }: Corrections): boolean {
  return equalization || smoothing === true;
}

/** Who makes values of codes: a DequantizeLinear before the layer, or an operator of the runtime's own that is the layer. */
export const WEIGHT_OPERATORS = ["dequantize", "matmulnbits"] as const;
/** How scales and zero points of blocks are found. */
export const WEIGHT_ALGORITHMS = ["nearest", "hqq", "gptq", "awq"] as const;
/** Those that need samples. */
export const SAMPLED_ALGORITHMS = ["gptq", "awq"] as const satisfies readonly (typeof WEIGHT_ALGORITHMS)[number][];

/** Seeds have 32 bits. */
export const LARGEST_SEED = 2 ** 32 - 1;
/** How weights become codes. */
export const ROUNDINGS = ["nearest", "learned", "stochastic", "finetuned"] as const;

const WEIGHT_SCHEME = fields({
  type: oneOf(WEIGHT_TYPES),
  layers: about(
    "Types of single layers' weights, where they differ from `type`, by node name.",
    maybe(record(oneOf(WEIGHT_TYPES))),
  ),
  granularity: oneOf(["channel", "tensor"]),
  rounding: about(
    "Learned: up or down for each weight as reconstructs the layer's output best (AdaRound). Stochastic: at random, up as likely as a weight is above the lower code. Finetuned: codes, scales and biases that were learned together from learned rounding on, by gradients, block by block (`codes`, `biases`).",
    oneOf(ROUNDINGS),
  ),
  seed: about(
    "Of stochastic rounding: what is drawn follows from it, the weight's name and the place in it; 0 where this is absent.",
    maybe(integer(0, LARGEST_SEED)),
  ),
  scales: SCALES,
  block: about(
    "Weights alone: how many weights that are added up share a scale, of matrices; where this is absent, all of an output channel, or of the tensor.",
    maybe(oneNumber(BLOCK_SIZES)),
  ),
  others: about(
    "Of blocks in fewer than 8 bits: wider keeps the weights of layers that no blocks fit, such as convolutions, in float16, or in int8 where these are most of the weights; where this is absent they are in `type`, with scales of output channels.",
    maybe(oneOf(["wider"])),
  ),
  operator: about(
    "Weights alone, in blocks: matmulnbits has ONNX Runtime's own MatMulNBits and GatherBlockQuantized where they fit; where this is absent, or they do not, a DequantizeLinear gives the values.",
    maybe(oneOf(WEIGHT_OPERATORS)),
  ),
  algorithm: about(
    "Of blocks: hqq searches scales and zero points of least error, without data, and is what is done where this is absent; nearest takes those that hold the least and the largest weight; gptq finds codes on samples that give nearly the same products (`codes`); awq multiplies weights by how large their inputs are on samples, where the inputs can be divided by it (`inputScales`), and finds scales and zero points on samples (`codes`).",
    maybe(oneOf(WEIGHT_ALGORITHMS)),
  ),
});
export type WeightScheme = Of<typeof WEIGHT_SCHEME>;

/** The type that a layer's weight has under a scheme. */
export function weightTypeOf({ type, layers }: Pick<WeightScheme, "type" | "layers">, layer: string): WeightType {
  return (layers && own(layers, layer)) ?? type;
}

/** What a layer in float keeps its weights in by a recipe's choice; null where it chooses none. */
export function storedTypeOf({ stored, storedAs }: Recipe["float"], layer: string): StoredType | null {
  return (storedAs && own(storedAs, layer)) ?? (stored?.includes(layer) ? "int8" : null);
}

/** All types that weights may have under a scheme, each once, the one of most layers first. */
export function weightTypesOf({ type, layers = {} }: Pick<WeightScheme, "type" | "layers">): readonly WeightType[] {
  return [...new Set([type, ...Object.values(layers)])];
}

/** How weights are rounded, in words, the seed included. */
export function roundingText({ rounding, seed = 0 }: Pick<WeightScheme, "rounding" | "seed">): string {
  return rounding === "stochastic" ? `stochastic, seed ${seed}` : rounding;
}

/** Whether any of the weights' codes may have a zero point other than 0. */
export function hasZeroPoints({ weights, codes }: Pick<Recipe, "weights"> & Partial<Pick<Recipe, "codes">>): boolean {
  const used = weights.rounding === "finetuned" && codes ? Object.values(codes) : [];
  return isAsymmetric(weights.type) || used.some(({ zeroPoints }) => zeroPoints !== undefined);
}

/** Whether weights are of the form that is fine-tuned: in int4 with a free scale a channel. */
export function isTunedForm({ type, granularity, block, scales }: Omit<WeightScheme, "layers">): boolean {
  return type === "int4" && granularity === "channel" && block === undefined && scales === undefined;
}

/** Whether codes are found on samples. */
export function isSampled({ algorithm }: Pick<WeightScheme, "algorithm">): boolean {
  return SAMPLED_ALGORITHMS.some((each) => each === algorithm);
}

const SCALE_WORDS = {
  hqq: "scales of least error",
  nearest: "scales by the largest weight",
  gptq: "codes by GPTQ",
  awq: "scales by AWQ",
} as const;

/** What shares scales of weights, and what reads the codes, in words: "per channel", "blocks of 32 for MatMulNBits, scales of least error". */
export function scalesOf({ type, granularity, block, operator, algorithm = "hqq" }: WeightScheme): string {
  if (block === undefined) return `per ${granularity}`;
  const reader = operator === "matmulnbits" ? " for MatMulNBits" : "";
  return `blocks of ${block}${reader}, ${SCALE_WORDS[type === "nf4" ? "nearest" : algorithm]}`;
}

/** What becomes of layers without weights that make new values: Add, Mul, Concat, pools, Softmax. */
export const ELEMENTWISE = ["auto", "join", "float"] as const;
export type Elementwise = (typeof ELEMENTWISE)[number];

/** Which model a document is about. */
export const MODEL_NAME = fields({ name: text, sha256: about("Of the model file.", text) });

/** What float32 inputs and outputs of a model are in the file. */
export const ENDS = ["float32", "float16"] as const;
export type Ends = (typeof ENDS)[number];

/** In which order samples are taken: data/order.ts. */
export const SEED = about(
  "Of the order in which samples are taken, of each class folder in turn; null for that of their paths.",
  nullable(integer(0, LARGEST_SEED)),
);
/** Eight characters for each sample. */
export const PRINTS = about(
  "What tells the samples that taught it from others: for each, the first 48 bits of the SHA-256 of what the data holds of it, as base64. Null where that is not known.",
  nullable(matching(/^(?:[A-Za-z0-9+/]{8})*$/, "eight base64 characters for each sample")),
);

const NAMES = list(text);
const BASE64 = matching(/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/, "base64");
/** A weight's codes in the order of its values, those of 4 bits two to a byte, the first lower; a float32 scale a block or channel, and a zero point, where those are not the ones that need no samples. */
export const FOUND_CODES = fields({ codes: BASE64, scales: BASE64, zeroPoints: maybe(BASE64) });
export type FoundCodes = Of<typeof FOUND_CODES>;
export const ROUNDING_BITS = BASE64;

// @__NO_SIDE_EFFECTS__
function recipeWith<S extends Schema>(preprocess: S) {
  return fields({
    version: exactly(VERSIONS.recipe, `a whole number, ${VERSIONS.recipe} to ${VERSIONS.recipe}`),
    model: MODEL_NAME,
    preparation: about(
      "Which preparation of the model before quantizing it is for, counted from 1: what was learned for another is not taken over.",
      integer(1),
    ),
    target: TARGET,
    format: about(
      "qdq: QuantizeLinear and DequantizeLinear around weights and activations; qoperator: operators on codes (QLinearConv); dynamic: scales of activations are found as the model runs; weights: weights alone, every activation stays in float.",
      oneOf(RECIPE_FORMATS),
    ),
    activations: ACTIVATION_SCHEME,
    weights: WEIGHT_SCHEME,
    corrections: CORRECTIONS,
    method: METHOD_CHOICE,
    methods: about("Methods that differ from `method`, by tensor (the group's id).", record(oneOf(METHODS))),
    ranges: about("Clip ranges set by hand, by tensor (the group's id).", record(RANGE)),
    float: about(
      "What stays in float.",
      fields({
        layers: about("By node name.", NAMES),
        operators: about("By type, such as Softmax.", NAMES),
        tensors: about("By tensor name.", NAMES),
        stored: maybe(
          about(
            "Layers that keep their weights in int8 all the same: the runtime makes them float when it loads the file. By node name.",
            NAMES,
          ),
        ),
        storedAs: maybe(
          about(
            "Layers in float that keep their weights in another type than float32: float16, or int4 in blocks of 32 along the axis of inputs; the runtime makes them float when it loads the file. By node name.",
            record(oneOf(["float16", "int4"])),
          ),
        ),
      }),
    ),
    wide: maybe(
      about(
        "Layers whose activations have 16 bits where those of all others have 8: uint16 for uint8, int16 for int8. By node name.",
        NAMES,
      ),
    ),
    ends: maybe(
      about(
        "Of the formats float16 and q4f16: what float32 inputs and outputs of the model are in the file, which whoever runs it feeds and reads. Those with values above the largest float16 stay float32. Where this is absent, all do.",
        oneOf(ENDS),
      ),
    ),
    elementwise: about(
      "Layers without weights that make new values (Add, Mul, Concat, pools, Softmax): quantized wherever what they read is, left in float, or decided region by region on calibration samples.",
      oneOf(ELEMENTWISE),
    ),
    preprocess: nullable(preprocess),
    seed: SEED,
    inputs: fields({
      shapes: about("Dimensions given to dynamic inputs.", record(integers(0))),
      values: about("Inputs held at one value.", record(finite)),
      quantized: about(
        "What of the model is quantized already is made float32 again, all of it; where this is absent, layers that are whole in integers stay as they are.",
        maybe(exactly("fold")),
      ),
      state: about(
        "Inputs that carry a state from one step of a sequence to the next: by input, the output of the step before.",
        record(text),
      ),
    }),
    spared: about(
      "Tensors that stay in float by default since their scale would be too coarse for an operand, or for what they hold: by tensor, what would be lost. Null before calibration.",
      nullable(record(text)),
    ),
    resolved: about(
      "The clip ranges all of this came to, by tensor; null before calibration. With them the file needs no statistics.",
      nullable(record(RANGE)),
    ),
    factors: about(
      "What equalization came to, by the tensor that a layer makes before its activation: y becomes (y - absorb) / divide. Null until learned.",
      nullable(record(CHANNEL_FACTORS)),
    ),
    smoothed: about(
      "What smoothing came to, by tensor, after equalization; null until found, and absent where it is not asked for.",
      maybe(nullable(record(SMOOTHED))),
    ),
    unjoined: about(
      "The layers that were decided to stay in float, those without weights and such with weights that cost the outputs much, by node name; null until decided.",
      nullable(NAMES),
    ),
    biases: about(
      "What bias correction, learned rounding or fine-tuning adds to each output channel of a layer before its activation, by layer; null until learned.",
      nullable(record(finites)),
    ),
    rounding: about(
      "Learned rounding, by layer: base64 of one bit a weight, in the order of the weight's values, the lowest bit of a byte first; 1 is up. Null until learned.",
      nullable(record(ROUNDING_BITS)),
    ),
    inputScales: about(
      "What AWQ divides the channels of tensors by where they are made, to multiply the weights that read them, by tensor; null until found, and absent where it is not asked for.",
      maybe(nullable(record(finites))),
    ),
    codes: about(
      "What GPTQ, AWQ or fine-tuning came to, by layer; null until found, and absent where it is not asked for.",
      maybe(nullable(record(FOUND_CODES))),
    ),
    prints: PRINTS,
  });
}

export const RECIPE = recipeWith(PREPROCESS);
export type Recipe = Of<typeof RECIPE>;

/** What is said of a model's inputs; without a state where none is named. */
export type GivenInputs = Omit<Recipe["inputs"], "state"> & Partial<Pick<Recipe["inputs"], "state">>;

/**
 * These fields of a recipe and no others, as a worker is asked with them: a whole recipe, megabytes with learned rounding,
 * is none.
 */
export type RecipePart<K extends keyof Recipe> = Pick<Recipe, K> & { readonly [P in Exclude<keyof Recipe, K>]?: never };
/** A recipe that a person is at, which is kept whatever it is. */
export const EDITED_RECIPE = recipeWith(EDITED_PREPROCESS);
