import {
  about,
  also,
  count,
  fields,
  integers,
  list,
  maybe,
  nullable,
  number,
  type Of,
  text,
} from "../schema/define.ts";
import { RANGE_REPORT } from "./analysis.ts";
import { OBSERVATION } from "./calibration.ts";
import { EVALUATION } from "./evaluation.ts";
import { NOTICE } from "./job.ts";
import { RECIPE } from "./recipe.ts";
import { REFINEMENT } from "./refinement.ts";
import { REPORTED_MODEL } from "./summary.ts";
import { TUNING_RECORD } from "./tuning.ts";

const WEIGHT_REPORT = fields({
  name: text,
  dims: integers(0),
  axis: about("The axis along which scales run; null where there is one for all, and in blocks.", nullable(count)),
  block: maybe(about("How many weights share a scale, where they are in blocks; absent in reports of before.", count)),
  sqnr: about("Of the whole tensor, dB.", number),
  leastSqnr: about("Of the channel that loses most, dB.", number),
});
export type WeightReport = Of<typeof WEIGHT_REPORT>;

const DATE = also(text, (date, fail) => {
  if (Number.isNaN(Date.parse(date))) fail("a date as ISO 8601 writes it");
});

/** What was done to a model, with what, and what came of it. */
export const REPORT = fields({
  tool: fields({ name: text, version: text }),
  date: about("ISO 8601, UTC.", DATE),
  model: REPORTED_MODEL,
  recipe: about("Resolved.", RECIPE),
  calibration: fields(OBSERVATION),
  ranges: about(
    "In graph order.",
    also(list(RANGE_REPORT), (ranges, fail) => {
      const twin = ranges.findIndex(({ group }, i) => ranges.findIndex((other) => other.group === group) < i);
      if (twin >= 0) fail("a group that no other range has", twin, "group");
    }),
  ),
  weights: list(WEIGHT_REPORT),
  refinement: maybe(
    about(
      "What scales of least error gained; absent where none were found without data, and in reports of before.",
      REFINEMENT,
    ),
  ),
  evaluation: nullable(EVALUATION),
  tuning: about("Null where a person made the recipe.", nullable(TUNING_RECORD)),
  files: about(
    "Those written with it, the report itself left out.",
    list(
      fields({
        name: text,
        bytes: count,
        sha256: maybe(about("In hexadecimal; absent in reports from before it was kept.", text)),
      }),
    ),
  ),
  notices: about("All that preparing, calibrating and quantizing had to say.", list(NOTICE)),
});
export type Report = Of<typeof REPORT>;
