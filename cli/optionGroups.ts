import { RECIPE_FORMATS } from "../src/engine/model/format.ts";
import { LAYER_FORMS } from "../src/engine/model/layerForm.ts";
import { PRESETS } from "../src/engine/model/preprocess.ts";
import { METHODS } from "../src/engine/model/range.ts";
import { ELEMENTWISE, ENDS, ROUNDINGS, WEIGHT_ALGORITHMS, WEIGHT_OPERATORS } from "../src/engine/model/recipe.ts";
import { TARGET_NAMES } from "../src/engine/model/target.ts";
import {
  choice,
  choices,
  constants,
  count,
  flag,
  type Kind,
  type Option,
  shapes,
  states,
  text,
  texts,
} from "./arguments.ts";

/** Puts options under a heading of the help. */
export function inGroup<const O extends Readonly<Record<string, Kind<unknown>>>>(
  group: string,
  kinds: O,
): { readonly [K in keyof O]: O[K] extends Kind<infer T> ? Option<T> : never } {
  const grouped = Object.entries(kinds).map(([name, kind]) => [name, { ...kind, group }]);
  return Object.fromEntries(grouped);
}

export const DATA = texts(
  "PATH",
  "a folder, a zip of one, a picture, or a .npy, .npz, .jsonl or IDX file; NAME=PATH for the input NAME; may be given more than once",
);

export const PREPROCESS = text(
  "NAME|FILE.json",
  `how a picture becomes a tensor: ${PRESETS.join(", ")}, or a .json file (default: assumed from the input's shape)`,
);

export const LABELS = text(
  "FILE",
  "rows of file,label as .csv, a vector of integers as .npy or IDX, or a list of class names for class folders; when left out, what is among the data counts",
);

export const ORDER = choice(
  "balanced|path",
  ["balanced", "path"],
  "in which order samples are taken: at random, of each class folder in turn, or by their paths (default: as the recipe has it, balanced in a new one)",
);

/** What the inputs of a model are. */
export const INPUT_OPTIONS = inGroup("Inputs", {
  shape: shapes("NAME=1x3x48x320", "dimensions of a dynamic input; may be given more than once"),
  input: constants("NAME=VALUE", "holds an input at one value; may be given more than once"),
  state: states(
    "OUTPUT=INPUT",
    "an output that feeds an input at the next step of a sequence; may be given more than once",
  ),
});

/** How a model is taken. */
export const MODEL_OPTIONS = inGroup("Model", {
  quantized: choice(
    "keep|fold",
    ["keep", "fold"],
    "of a model that is quantized in part: layers in integers stay as they are (default), or all is float32 again, to be quantized anew",
  ),
});

/** How samples are run; a short trial decides what they leave open. */
export const EXECUTION_OPTIONS = inGroup("Execution (default: what a short trial finds quickest)", {
  workers: count(1, "threads that run samples side by side"),
  threads: count(1, "threads of ONNX Runtime's own in each of them"),
  batch: count(1, "samples that each runs at a time"),
});

export const TARGET = choice(
  "NAME",
  TARGET_NAMES,
  "where the model is to run (default: ort-cpu); sets format, types and scales, which options beside it change",
);

/** What makes or changes a recipe. */
export const RECIPE_OPTIONS = {
  ...inGroup("Data", { order: ORDER }),
  ...inGroup("Recipe", {
    target: TARGET,
    method: choice("NAME", METHODS, "how ranges are found (default: chosen by Octet)"),
    format: choice(
      "NAME",
      RECIPE_FORMATS,
      "qdq (default): QuantizeLinear and DequantizeLinear around weights and activations; qoperator: operators on codes (QLinearConv); dynamic: scales of activations are found as the model runs; weights: weights alone; for these two data is needed only for what is learned on it; float16: all of the model but what would overflow, for which data is looked at where it is given; bfloat16: constants kept in it, and widened on loading, or for TensorRT computed in it; float8: as qdq, in FP8 E4M3, weights and activations; q4f16: weights of MatMul and Gemm in blocks of 4 bits (uint4, 32) that MatMulNBits reads, all else as float16",
    ),
    weights: choice(
      "s8|u8|s4|u4|s2|u2|nf4|codebook16|codebook256",
      ["s8", "u8", "s4", "u4", "s2", "u2", "nf4", "codebook16", "codebook256"],
      "int8 (default), uint8, int4, uint4, int2 or uint2; unsigned ones have zero points, and are for weights alone, as all but s8 and s4 are; codebook16 and codebook256: places in a table of the values that fit best",
    ),
    layer: choices(
      "NAME=s4",
      [...(["s8", "u8", "s4", "u4", "s2", "u2"] as const), ...LAYER_FORMS],
      "the type of one layer's weight, where it is to differ, or a layer computed in float with its weights in float32 (f32), float16 (f16), int8 (w8) or int4 in blocks of 32 (w4), or with activations in 16 bits where others have 8 (a16); may be given more than once",
    ),
    block: choice(
      "16|32|64|128|256",
      ["16", "32", "64", "128", "256"],
      "weights alone: how many weights that are added up share a scale, of MatMul and Gemm (default: all of an output channel)",
    ),
    operator: choice(
      "NAME",
      WEIGHT_OPERATORS,
      "of blocks: a DequantizeLinear before the layer (default), or ONNX Runtime's own MatMulNBits and GatherBlockQuantized where they fit",
    ),
    algorithm: choice(
      "NAME",
      WEIGHT_ALGORITHMS,
      "of blocks: hqq (default) searches scales and zero points of least error; nearest takes what holds all weights; gptq finds codes on samples that give nearly the same products; awq scales inputs by how large they are on samples, and finds scales and zero points on them",
    ),
    "per-tensor": flag("one scale for each weight instead of one a channel"),
    "power-of-two": flag("every scale raised to a power of two"),
    rounding: choice(
      "NAME",
      ROUNDINGS,
      "how weights are rounded (default: nearest); stochastic: at random, by --seed; finetuned: learned, then tuned by gradients",
    ),
    seed: count(0, "of stochastic rounding: the same draws the same (default: 0)"),
    activations: choice(
      "NAME",
      ["u8", "s8", "u16", "s16", "float"],
      "unsigned asymmetric (default) or signed symmetric, in 8 bits or in 16, which runtimes here compute in float; or float, which is --format weights",
    ),
    ends: choice(
      "NAME",
      ENDS,
      "of the formats float16 and q4f16: what float32 inputs and outputs of the model are in the file (default: float32); in float16 those stay float32 whose values it does not hold",
    ),
    "float-operator": texts(
      "TYPE",
      "leaves every layer of an operator in float, such as Softmax; may be given more than once",
    ),
    elementwise: choice(
      "NAME",
      ELEMENTWISE,
      "layers without weights (Add, Mul, Concat, pools, Softmax): decided on samples (default), quantized, or left in float; auto also leaves layers with weights in float that cost the outputs much",
    ),
    equalize: flag("cross-layer equalization: for one scale a weight"),
    smooth: flag(
      "SmoothQuant: channels that MatMul and Gemm in integers read are divided where a normalization or a layer makes them, as far as that brings products closer on samples",
    ),
    "bias-correction": choice(
      "NAME",
      ["none", "empirical", "analytic"],
      "how biases are corrected (default: empirical)",
    ),
    recipe: text("FILE", "settings of an earlier run, which the options beside it change"),
  }),
};

export const FAMILY = choice(
  "transformers.js",
  ["transformers.js"],
  "every file that this library asks for, of a model or of each .onnx in a folder, judged against float, with the folder's config and tokenizer",
);

export const OUT = text("DIR", "where to write (default: MODEL.octet)");

export const SIGN = text("KEY", "the private key, as octet keygen writes it, that signs the report");

export const ENCRYPT = flag(
  "encrypts all that is written but models, with the passphrase in OCTET_PASSPHRASE, as NAME.age; what is encrypted is read where that is set",
);

export const RESULT_OPTIONS = inGroup("Result", {
  json: flag("one JSON object on stdout; messages go to stderr"),
});
