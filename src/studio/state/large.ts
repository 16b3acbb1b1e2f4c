import type { RecipeFormat } from "../../engine/model/format.ts";
import type { Recipe } from "../../engine/model/recipe.ts";
import { withSettings } from "../../engine/recipe/change.ts";
import { withFormat } from "../../engine/recipe/edits.ts";
import { byteSize } from "../../engine/values/units.ts";
import type { Large } from "./slices/project.ts";

/** What is written of a model one tensor at a time. */
const FORMATS: ReadonlySet<RecipeFormat> = new Set(["weights", "float16", "bfloat16"]);

/** Whether a format takes more of a model than a tab holds, where the model is that large. */
export function isTooLarge(large: Large | null | undefined, format: RecipeFormat): boolean {
  return Boolean(large) && !FORMATS.has(format);
}

/** The recipe that a large model starts with: what needs no run of the model. */
export function largeRecipe(recipe: Recipe): Recipe {
  return withSettings(withFormat(recipe, "weights"), { corrections: { ...recipe.corrections, bias: "none" } });
}

/** What becomes of a model that a tab does not hold. */
export function largeText(fileName: string, { bytes, held }: Large): string {
  return `${fileName} takes ${byteSize(bytes)} with its weights, and a tab holds ${byteSize(held)}: weights stay in their file and are read one tensor at a time, to quantize them alone or to write them as float16 or bfloat16. ${elsewhereText(fileName)}`;
}

/** Where all else is done. */
export function elsewhereText(fileName: string): string {
  return `Calibrating, evaluating and all else that runs the model take a terminal: octet quantize ${quoted(fileName)} --data SAMPLES`;
}

/** How engines and ONNX Runtime's WASM build word that there is no memory left. */
const SHORTAGE =
  /out of memory|bad_alloc|allocation failed|invalid (typed )?array (buffer )?length|exceeds the (supported|maximum) .*(size|length)/i;

/** Whether a job ended because memory did. */
export function isShortage({ name, message }: Error): boolean {
  return name !== "InputError" && SHORTAGE.test(message);
}

/** What to do where a task takes more memory than there is. */
export function shortageText(task: string, fileName: string | null): string {
  return `${task} takes more memory than this tab has, and what was open is as it was. ${elsewhereText(fileName ?? "MODEL.onnx")}`;
}

/** A name as one word of a command. */
function quoted(name: string): string {
  return /^[\w.@%+=:,/-]+$/.test(name) ? name : `'${name.replaceAll("'", "'\\''")}'`;
}
