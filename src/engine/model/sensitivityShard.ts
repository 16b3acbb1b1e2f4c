import {
  about,
  count,
  fields,
  integer,
  list,
  nullable,
  number,
  type Of,
  oneOf,
  text,
  tuple,
} from "../schema/define.ts";
import { NOTICE } from "./job.ts";
import { MODEL_NAME, RECIPE } from "./recipe.ts";
import { ERROR_METRICS, ERROR_WALK, SENSITIVITY } from "./sensitivity.ts";

const SPAN = tuple([count, count], "a list of two whole numbers");

const LAYER_HALVES = fields({ layer: text, even: number, odd: number });
/** The SQNR that the outputs keep with a layer alone in integers, dB, on every second sample and on the others. */
export type LayerHalves = Of<typeof LAYER_HALVES>;

/** What one of several sensitivity measurements says. */
export const SENSITIVITY_SHARD = {
  shard: about(
    "Which part of the layers it is, from 1, and of how many.",
    fields({ index: integer(1), of: integer(1) }),
  ),
  model: MODEL_NAME,
  split: about(
    "Which samples calibrated, null where the recipe had its ranges, and which measured: first and one past the last.",
    fields({ calibration: nullable(SPAN), measurement: SPAN }),
  ),
  metric: about("What layers are ordered by.", oneOf(ERROR_METRICS)),
  recipe: about("What was measured, with its ranges.", RECIPE),
  sensitivity: about("Of the layers of this part, without the reliability of their ranking.", SENSITIVITY),
  halves: about(
    "Of the layers of this part with weights, for the reliability of the ranking of all; null where there are too few samples.",
    nullable(list(LAYER_HALVES)),
  ),
  walk: about("Float against the exported model, layer by layer; null but in the first part.", nullable(ERROR_WALK)),
  notices: about("Of the model and the samples.", list(NOTICE)),
};

const SENSITIVITY_SHARD_FIELDS = fields(SENSITIVITY_SHARD);

/** What one of several runs measured of its part of the layers, to be merged with the others. */
export type SensitivityShard = Of<typeof SENSITIVITY_SHARD_FIELDS>;
