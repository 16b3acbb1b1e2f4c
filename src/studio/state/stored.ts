import { CALIBRATION } from "../../engine/model/calibration.ts";
import { CODE_SEARCH } from "../../engine/model/codeSearch.ts";
import { EVALUATION } from "../../engine/model/evaluation.ts";
import { FINE_TUNING } from "../../engine/model/finetuning.ts";
import { EDITED_RECIPE, RECIPE, type Recipe } from "../../engine/model/recipe.ts";
import { ROUNDING } from "../../engine/model/rounding.ts";
import { ERROR_METRICS, ERROR_WALK, SENSITIVITY } from "../../engine/model/sensitivity.ts";
import { TUNING } from "../../engine/model/tuning.ts";
import { UNDERWAY } from "../../engine/model/underway.ts";
import {
  count,
  custom,
  either,
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
} from "../../engine/schema/define.ts";
import { based } from "./storedBasis.ts";

/** What is kept of a session without asking. */
export const SESSION = fields({
  sha256: text,
  name: text,
  bytes: count,
  opset: count,
  savedAt: number,
  kept: flag,
  recipe: EDITED_RECIPE,
  samples: count,
  limit: number,
  evaluation: nullable(based("evaluation", EVALUATION)),
  sensitivity: nullable(based("sensitivity", SENSITIVITY)),
  walk: nullable(based("walk", ERROR_WALK)),
  sensitivitySamples: count,
  metric: oneOf(ERROR_METRICS),
});
export type SessionRecord = Of<typeof SESSION>;

export const STORED_CALIBRATION = fields({
  sha256: text,
  calibration: CALIBRATION,
  /** Fingerprint of the samples that it ran on; null where that is not known. */
  calibratedOn: nullable(text),
});
/** How far settling a recipe came before it ended. */
export const STORED_BEGUN = fields({
  sha256: text,
  begun: fields({
    ...UNDERWAY.entries,
    calibratedOn: text,
    samples: count,
  }),
});
export const STORED_TUNING = fields({ sha256: text, tuning: based("search", TUNING) });
export const STORED_ROUNDING = fields({
  sha256: text,
  rounding: fields({
    ...based("rounding", ROUNDING).entries,
    asked: fields({ samples: count, iterations: integer(1) }),
  }),
});
export const STORED_FINE_TUNING = fields({
  sha256: text,
  finetuning: fields({
    ...based("codes", FINE_TUNING).entries,
    asked: fields({ samples: count, steps: integer(1), rounding: text }),
  }),
});
/** Codes and scales of inputs are found at once, from what these are derived from. */
export const STORED_CODES = fields({
  sha256: text,
  codes: fields({
    ...based("inputScales", CODE_SEARCH).entries,
    asked: fields({ samples: count }),
  }),
});

const FILE = custom<File>((value) => value instanceof File, "a file");
const PATH_FILES = list(
  either([fields({ path: text, file: FILE }), fields({ path: text, file: FILE, input: text })], "a file and its path"),
);

/** What is kept only when the person says so. */
export const KEPT_FILES = fields({ sha256: text, model: FILE, beside: PATH_FILES, data: PATH_FILES });
export type KeptFiles = Of<typeof KEPT_FILES>;

/** A finished evaluation that was kept, with what it came from. */
export const RESULT = fields({
  id: text,
  /** Of the model. */
  sha256: text,
  name: text,
  /** When it was measured: milliseconds since 1970. */
  date: number,
  /** Resolved; of a file that another tool may have made, the recipe recovered from it, null where none was. */
  recipe: nullable(RECIPE),
  /** How many samples, from the first, were to calibrate; the rest was judged. */
  samples: count,
  /** Of the files of the samples (state/fingerprint.ts). */
  fingerprint: text,
  /** Null of a file, which does not tell. */
  calibration: nullable(fields({ fingerprint: text, observed: count, skipped: count })),
  /** The file that was judged, where it was no export of the recipe; how much of it the recovered recipe gives otherwise. */
  file: maybe(fields({ name: text, sha256: text, producer: text, differences: count })),
  evaluation: EVALUATION,
  /** Whether it is among those side by side. */
  shown: flag,
});
export type StoredResult = Of<typeof RESULT>;

/** A result of what a recipe here exports. */
export type OwnResult = StoredResult & {
  readonly recipe: Recipe;
  readonly calibration: NonNullable<StoredResult["calibration"]>;
};

/** Whether a result is of what a recipe here exports, and not of a file. */
export function isOwn(result: StoredResult): result is OwnResult {
  return result.file === undefined && result.recipe !== null && result.calibration !== null;
}
