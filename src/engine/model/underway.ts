import { about, fields, nullable, type Of } from "../schema/define.ts";
import { CALIBRATION } from "./calibration.ts";
import { EDITED_RECIPE } from "./recipe.ts";

/** How far settling a recipe came before it ended. Structured-cloneable, kept over reloads. */
export const UNDERWAY = fields({
  recipe: about("The recipe with equalization and smoothing as far as they were learned.", EDITED_RECIPE),
  calibration: about(
    "What was observed of the model as that recipe scales it; null before a sample was.",
    nullable(CALIBRATION),
  ),
});
export type Underway = Of<typeof UNDERWAY>;
