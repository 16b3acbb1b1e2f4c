import {
  about,
  also,
  choice,
  count,
  exactly,
  fields,
  flag,
  integer,
  list,
  maybe,
  nullable,
  number,
  type Of,
  oneOf,
  text,
  tuple,
  whole,
} from "../schema/define.ts";
import { isObject } from "../schema/running.ts";
import { WEIGHT_TYPES } from "../values/codes.ts";
import { CULPRITS } from "./culprit.ts";
import { REMEDY } from "./diagnosis.ts";
import { ACCURACY, PERPLEXITY } from "./evaluation.ts";
import { LAYER_FORMS } from "./layerForm.ts";
import { CORRECTIONS, RECIPE } from "./recipe.ts";

/** What a quantized model has to keep: its top-1 within a drop (a share) of float's, without labels its perplexity within a rise (a share), or its outputs within an SQNR (dB). */
const TUNE_LIMIT = choice(
  "kind",
  ["drop", "sqnr"],
  [fields({ kind: exactly("drop"), share: number }), fields({ kind: exactly("sqnr"), decibels: number })],
);
export type TuneLimit = Of<typeof TUNE_LIMIT>;

const TUNE_REQUEST = fields({
  samples: about("The first so many samples are read, and no others.", integer(1)),
  limit: TUNE_LIMIT,
  goal: oneOf(["size", "latency"]),
  budget: about(
    "Seconds after which no new step begins; null for none. It only cuts the order of steps short.",
    nullable(number),
  ),
  mix: maybe(
    about(
      "Single layers may be in any form that format and target take (16 bits, and of layers in float float16, int8 or int4 blocks), and not in float32 alone; absent where they may not.",
      flag,
    ),
  ),
  rescue: maybe(
    about(
      "Takes what the list of culprits recommends, in its order, and ends at the first point that keeps the limit; absent where the smallest or fastest is searched for.",
      flag,
    ),
  ),
});
export type TuneRequest = Of<typeof TUNE_REQUEST>;

/** One change to a recipe. A list of them, applied in order to the recipe that tuning began with, gives a point's recipe. */
const DECISION = choice(
  "kind",
  ["corrections", "remedy", "float", "int8", "weights", "form"],
  [
    fields({ kind: exactly("corrections"), corrections: CORRECTIONS }),
    fields({ kind: exactly("remedy"), remedy: REMEDY }),
    fields({ kind: exactly("float"), layers: list(text) }),
    fields({ kind: exactly("int8"), layers: list(text) }),
    fields({ kind: exactly("weights"), type: oneOf(WEIGHT_TYPES), layers: list(text) }),
    fields({
      kind: exactly("form"),
      form: about("What the layers are computed and kept in; null for what all are.", nullable(oneOf(LAYER_FORMS))),
      layers: list(text),
    }),
  ],
);
export type Decision = Of<typeof DECISION>;

const POINT = {
  decisions: list(DECISION),
  label: about("What the last decision did, in words.", text),
  bytes: count,
  floatLayers: about("Layers that are in float in the exported model, whatever the reason.", count),
  sqnr: about("Of the output that is worst off, dB.", number),
  top1: nullable(ACCURACY),
  perplexity: nullable(PERPLEXITY),
  expected: about(
    "The drop of top-1 to expect, a share, estimated from the errors of all samples; null without labels.",
    nullable(number),
  ),
  latency: about("Median milliseconds of a run, where latency is the goal.", nullable(number)),
  passed: about("Whether it keeps the limit: a drop has to be kept as measured and as expected.", flag),
  accepted: about("Whether the search went on from it.", flag),
};

/** A recipe that was tried, measured on the model it exports. */
const TUNE_POINT = fields({ ...POINT, recipe: RECIPE });
export type TunePoint = Of<typeof TUNE_POINT>;

const SPAN = tuple([count, count], "a list of two whole numbers");
const POINT_INDEX = whole(count, (search) => {
  return `a whole number, 0 to ${(isObject(search) && Array.isArray(search.points) ? search.points.length : 0) - 1}`;
});

const SEARCH = {
  request: TUNE_REQUEST,
  split: about(
    "Which samples calibrated and taught the corrections, and which judged: first and one past the last.",
    fields({ calibration: SPAN, judgement: SPAN }),
  ),
  judged: about(
    "Samples of the judging part that could be read, and how many of them have labels.",
    fields({
      samples: count,
      labelled: count,
      by: maybe(
        about("Tensors compared in the place of outputs, where none of these can be; absent elsewhere.", list(text)),
      ),
    }),
  ),
  executor: fields({ runtime: text, threads: integer(1) }),
  bytes: fields({ float: count }),
  culprits: maybe(
    about("The culprits under the recipe at which layers were first ordered; absent where none were.", CULPRITS),
  ),
};

const FOUND = {
  chosen: about("Index of the best point that keeps the limit; null where none does.", nullable(POINT_INDEX)),
  best: about(
    "Index of the point to offer: the chosen one, or where none keeps the limit the one that comes nearest.",
    POINT_INDEX,
  ),
  ended: oneOf(["found", "exhausted", "budget", "cancelled"]),
  seconds: number,
};

interface Indexed {
  readonly points: readonly unknown[];
  readonly chosen: number | null;
  readonly best: number;
}

function pointsAreThere({ points, chosen, best }: Indexed, fail: (rule: string, member: string) => void): void {
  if (chosen !== null && chosen >= points.length) fail("", "chosen");
  if (best >= points.length) fail("", "best");
}

export const TUNING = also(fields({ ...SEARCH, points: list(TUNE_POINT), ...FOUND }), pointsAreThere);
export type Tuning = Of<typeof TUNING>;

/** How a search found the recipe. A point's decisions, applied to `start` and settled on the same samples, give its recipe. */
export const TUNING_RECORD = also(
  fields({ ...SEARCH, start: RECIPE, points: list(fields(POINT)), ...FOUND }),
  pointsAreThere,
);
export type TuningRecord = Of<typeof TUNING_RECORD>;
