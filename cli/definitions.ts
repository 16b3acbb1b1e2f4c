import { ERROR_METRICS } from "../src/engine/model/sensitivity.ts";
import {
  type Arguments,
  choice,
  count,
  type Definition,
  flag,
  number,
  type Options,
  part,
  required,
  text,
} from "./arguments.ts";
import {
  DATA,
  ENCRYPT,
  EXECUTION_OPTIONS,
  FAMILY,
  INPUT_OPTIONS,
  inGroup,
  LABELS,
  MODEL_OPTIONS,
  ORDER,
  OUT,
  PREPROCESS,
  RECIPE_OPTIONS,
  RESULT_OPTIONS,
  SIGN,
  TARGET,
} from "./optionGroups.ts";

function define<const N extends readonly string[], O extends Options>(definition: Definition<N, O>) {
  return definition;
}

/** Every command: the parser and the help are made of this. */
export const COMMANDS = {
  inspect: define({
    summary:
      "What is in a model, what will and won't be quantized, and why; of a quantized one, its layers, scales, ranges and codes.",
    names: ["MODEL"],
    options: {
      ...INPUT_OPTIONS,
      ...MODEL_OPTIONS,
      ...inGroup("Result", {
        targets: flag("what every target makes of each operator: integers, float, on the processor, or refused"),
        float: text(
          "MODEL",
          "the float model that a quantized one was made from: which layer is which, and the recipe that it was made by",
        ),
        recipe: text("FILE", "write the recovered recipe there; takes --float"),
      }),
      ...RESULT_OPTIONS,
    },
    example: "octet inspect model.onnx --targets",
  }),
  advise: define({
    summary:
      "Which recipe is right for a model on a target, each choice with its reason; with data, by what is measured.",
    names: ["MODEL"],
    options: {
      ...inGroup("Data", {
        data: DATA,
        preprocess: PREPROCESS,
        labels: LABELS,
        order: ORDER,
        samples: count(2, "read the first N samples, 100 at most: one half teaches, the other judges (default: 100)"),
      }),
      ...INPUT_OPTIONS,
      ...MODEL_OPTIONS,
      ...inGroup("Result", {
        target: TARGET,
        out: text("DIR", "write the advised recipe there, MODEL.recipe.json, which quantize takes as --recipe"),
      }),
      ...RESULT_OPTIONS,
    },
    example: "octet advise model.onnx --target ort-web --data photos --preprocess imagenet --out advised",
  }),
  quantize: define({
    summary: "Calibrates on the data and writes the quantized model, its calibration and its report.",
    names: ["MODEL"],
    options: {
      ...inGroup("Data", {
        data: DATA,
        preprocess: PREPROCESS,
        samples: count(1, "calibrate on the first N samples (default: all)"),
        goal: choice("speed", ["speed"], "times what may be written on this machine, and writes the fastest"),
        cache: text("FILE", "calibration of an earlier run; no data is needed"),
      }),
      ...INPUT_OPTIONS,
      ...MODEL_OPTIONS,
      ...RECIPE_OPTIONS,
      ...inGroup("Recipe", { iterations: count(1, "of learning rounding, for each layer (default: 200)") }),
      ...EXECUTION_OPTIONS,
      ...inGroup("Result", { family: FAMILY, out: OUT, encrypt: ENCRYPT, sign: SIGN }),
      ...RESULT_OPTIONS,
    },
    example: "octet quantize model.onnx --data photos --preprocess imagenet --samples 100 --out result",
  }),
  evaluate: define({
    summary: "Runs both and compares; exits with 1 when the limit is passed.",
    names: ["FLOAT", "QUANTIZED"],
    options: {
      ...inGroup("Data", {
        data: required(DATA),
        preprocess: PREPROCESS,
        labels: LABELS,
        skip: count(0, "leave out the first N samples: those that calibrated"),
        samples: count(1, "judge on N samples (default: all that follow)"),
        order: ORDER,
        recipe: text(
          "FILE",
          "of the quantized model: which samples calibrated it, and its clip ranges (default: NAME.recipe.json beside it)",
        ),
      }),
      ...INPUT_OPTIONS,
      ...inGroup("Result", {
        walk: count(
          1,
          "also the error layer by layer on the first N samples, where both models have what a layer makes",
        ),
      }),
      ...inGroup("Limit", {
        "max-drop": number(
          "PERCENT",
          "limit of the drop in top-1, in points, or without labels of the rise of perplexity, in percent (default: 1)",
        ),
      }),
      ...RESULT_OPTIONS,
    },
    example: "octet evaluate model.onnx result/model.int8.onnx --data photos --labels labels.csv --max-drop 1",
  }),
  sensitivity: define({
    summary: "What each layer costs the outputs, measured: alone quantized, and left in float when all others are.",
    names: ["MODEL"],
    options: {
      ...inGroup("Data", {
        data: required(DATA),
        preprocess: PREPROCESS,
        labels: LABELS,
        samples: count(1, "read the first N samples; they calibrate and measure (default: 16)"),
        shard: part("I/N", "measure part I of N of the layers alone, from 1, on all these samples, for octet merge"),
      }),
      ...INPUT_OPTIONS,
      ...MODEL_OPTIONS,
      ...RECIPE_OPTIONS,
      ...inGroup("Result", {
        metric: choice("NAME", ERROR_METRICS, "what layers are ordered by (default: sqnr); drop needs labels"),
        out: text("DIR", "with --shard: where the file goes (default: the current folder)"),
        encrypt: ENCRYPT,
      }),
      ...RESULT_OPTIONS,
    },
    example: "octet sensitivity model.onnx --data photos --preprocess imagenet --samples 16",
  }),
  tune: define({
    summary: "Searches for the smallest model that keeps a limit: corrections first, then layers left in float.",
    names: ["MODEL"],
    options: {
      ...inGroup("Data", {
        data: required(DATA),
        preprocess: PREPROCESS,
        labels: LABELS,
        samples: count(2, "read the first N samples: one half calibrates, the other judges (default: all)"),
      }),
      ...INPUT_OPTIONS,
      ...MODEL_OPTIONS,
      ...inGroup("Search", {
        "max-drop": number(
          "PERCENT",
          "top-1 may drop by so many points, or without labels perplexity rise by so many percent (default: 1)",
        ),
        "min-sqnr": number("DB", "instead: every output keeps an SQNR of so many dB"),
        goal: choice("size|latency", ["size", "latency"], "the smallest (default) or the fastest, measured here"),
        mix: flag(
          "single layers may also be in 16 bits, or in float with their weights in float16, int8 or blocks of int4, where format and target take that",
        ),
        rescue: flag(
          "takes what the list of culprits recommends, in its order, until the limit is kept: a scale per channel, ranges, equalization, bias correction, and then as few layers in float",
        ),
        budget: number("SECONDS", "begin no new step after that"),
      }),
      ...RECIPE_OPTIONS,
      ...inGroup("Result", { out: OUT, encrypt: ENCRYPT, sign: SIGN }),
      ...RESULT_OPTIONS,
    },
    example: "octet tune model.onnx --data photos --labels labels.csv --max-drop 1 --out tuned",
  }),
  calibrate: define({
    summary: "Calibrates alone, on all samples or on one part of several, which octet merge puts together.",
    names: ["MODEL"],
    options: {
      ...inGroup("Data", {
        data: required(DATA),
        preprocess: PREPROCESS,
        order: ORDER,
        samples: count(1, "calibrate on the first N samples, of all shards together (default: all)"),
        shard: part("I/N", "observe part I of N alone, from 1: the samples keep their places in the order of all"),
        recipe: text("FILE", "whose preprocessing, order and inputs count, and whose equalization and smoothing"),
      }),
      ...INPUT_OPTIONS,
      ...MODEL_OPTIONS,
      ...inGroup("Execution (other threads or batches need not give the same bits)", {
        workers: count(1, "threads that run samples side by side (default: 1)"),
        threads: count(1, "threads of ONNX Runtime's own in each of them (default: 1)"),
        batch: count(1, "samples that each runs at a time (default: 1)"),
      }),
      ...inGroup("Result", { out: text("DIR", "where the file goes (default: the current folder)"), encrypt: ENCRYPT }),
      ...RESULT_OPTIONS,
    },
    example: "octet calibrate model.onnx --data photos --preprocess imagenet --shard 1/8 --out shards",
  }),
  merge: define({
    summary:
      "Makes one calibration, or one sensitivity measurement, of all its shards, bit for bit that of a single run.",
    names: ["SHARDS..."],
    options: {
      ...inGroup("Result", {
        out: text("DIR", "where a calibration goes (default: the current folder)"),
        encrypt: ENCRYPT,
      }),
      ...RESULT_OPTIONS,
    },
    example: "octet merge shards/*.shard.json --out calibrated",
  }),
  drift: define({
    summary: "How new data differs from that which calibrated; exits with 1 when the calibration no longer holds.",
    names: ["MODEL"],
    options: {
      ...inGroup("Data", {
        cache: required(text("FILE", "the calibration that new data is held against, NAME.calibration.json")),
        data: required(DATA),
        skip: count(0, "leave out the first N samples: those that calibrated, where they are among the data"),
        samples: count(1, "look at N samples (default: all that follow)"),
        recipe: text(
          "FILE",
          "whose ranges count (default: NAME.recipe.json beside the cache, or what mse finds in it)",
        ),
      }),
      ...INPUT_OPTIONS,
      ...MODEL_OPTIONS,
      ...EXECUTION_OPTIONS,
      ...inGroup("Limit", {
        limit: choice(
          "recalibrate|other-data",
          ["recalibrate", "other-data"],
          "exit with 1 where the calibration is to be made anew (default), or only where the data is another kind",
        ),
      }),
      ...RESULT_OPTIONS,
    },
    example: "octet drift model.onnx --cache result/model.calibration.json --data new-photos --json",
  }),
  gate: define({
    summary: "Holds a result against rules for CI; exits with 1 when one is broken, with 2 when one cannot be judged.",
    names: ["REPORT"],
    options: {
      ...inGroup("Rules", {
        rules: required(text("FILE", "what has to be kept, as docs/gate.md has it")),
        evaluation: text("FILE", "what octet evaluate --json printed, where the report holds no evaluation"),
      }),
      ...inGroup("Result", {
        junit: text("FILE", "writes JUnit XML there: a test case for each rule"),
        markdown: text("FILE", "writes a Markdown table there, for the summary of a job"),
      }),
      ...RESULT_OPTIONS,
    },
    example: "octet gate result/model.report.json --rules rules.json --evaluation evaluation.json",
  }),
  keygen: define({
    summary: "Makes a pair of Ed25519 keys: one signs reports, the other says who signed.",
    names: [],
    options: {
      ...inGroup("Result", { out: text("DIR", "where the two files go (default: the current folder)") }),
      ...RESULT_OPTIONS,
    },
    example: "octet keygen --out keys",
  }),
  verify: define({
    summary: "Checks every file of a result against its report and signature; exits with 1 when one is not as written.",
    names: ["DIR"],
    options: {
      ...inGroup("Key", { key: text("FILE", "the public key by which the report has to be signed") }),
      ...RESULT_OPTIONS,
    },
    example: "octet verify result --key keys/octet-public.pem",
  }),
  decrypt: define({
    summary: "Decrypts files that --encrypt wrote, for programs that read them as they are.",
    names: ["FILES..."],
    options: {
      ...inGroup("Result", { out: text("DIR", "where they go (default: the current folder)") }),
      ...RESULT_OPTIONS,
    },
    example: "octet decrypt result/model.report.html.age --out opened",
  }),
  diff: define({
    summary: "What differs between two runs, from their .report.json: settings, ranges, layers, figures.",
    names: ["REPORT_A", "REPORT_B"],
    options: RESULT_OPTIONS,
    example: "octet diff before/model.report.json after/model.report.json",
  }),
};

export type CommandName = keyof typeof COMMANDS;
export type ArgumentsOf<N extends CommandName> = Arguments<(typeof COMMANDS)[N]>;
