import { readCalibration } from "../artifacts/cache.ts";
import { classify, reasonOf } from "../artifacts/document.ts";
import { readRecipe } from "../artifacts/recipe.ts";
import { readSensitivityShard } from "../artifacts/sensitivityShard.ts";
import { readShard } from "../artifacts/shard.ts";
import type { Calibration } from "../model/calibration.ts";
import { PRINTED_EVALUATION, type PrintedEvaluation } from "../model/evaluation.ts";
import { RULES, type Rules } from "../model/gate.ts";
import { InputError } from "../model/job.ts";
import { PREPROCESS, type Preprocess } from "../model/preprocess.ts";
import { read } from "../model/read.ts";
import type { Recipe } from "../model/recipe.ts";
import type { SensitivityShard } from "../model/sensitivityShard.ts";
import type { Shard } from "../model/shard.ts";

/** A recipe or a calibration cache, told apart by what the file says it is. Throws InputError when it is neither. */
export function readDocument(
  text: string,
  fileName: string,
): { readonly recipe: Recipe } | { readonly calibration: Calibration } {
  return classify(text, fileName) === "recipe"
    ? { recipe: readRecipe(text, fileName) }
    : { calibration: readCalibration(text, fileName) };
}

/** A shard of a calibration or of a sensitivity measurement, told apart by what the file says it is. Throws InputError when it is neither. */
export function readAnyShard(
  text: string,
  fileName: string,
): { readonly observed: Shard } | { readonly measured: SensitivityShard } {
  return classify(text, fileName) === "sensitivity-shard"
    ? { measured: readSensitivityShard(text, fileName) }
    : { observed: readShard(text, fileName) };
}

/** The JSON of a preprocessing. Throws InputError when a field is wrong. */
export function parsePreprocess(text: string, fileName: string): Preprocess {
  return read(PREPROCESS, parsed(text, fileName), fileName);
}

/** The rules of a gate. Throws InputError when a field is wrong. */
export function readRules(text: string, fileName: string): Rules {
  return read(RULES, parsed(text, fileName), fileName);
}

/** What `octet evaluate --json` printed, but for what it says beside the evaluation. Throws InputError when a field is wrong. */
export function readEvaluation(text: string, fileName: string): PrintedEvaluation {
  return read(PRINTED_EVALUATION, parsed(text, fileName), fileName);
}

function parsed(text: string, fileName: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new InputError(`${fileName} is not JSON (${reasonOf(error)}).`);
  }
}

export { writeCalibration } from "../artifacts/cache.ts";
export { gateJUnit, gateMarkdown } from "../artifacts/gateFiles.ts";
export { writeJson } from "../artifacts/json.ts";
export { writeRecipe } from "../artifacts/recipe.ts";
export { writeSensitivityShard } from "../artifacts/sensitivityShard.ts";
export { writeShard } from "../artifacts/shard.ts";
export { readCalibration, readRecipe };
