import { InputError, type Notice } from "../model/job.ts";
import { LATEST_PREPARATION } from "../model/preparation.ts";
import type { Recipe } from "../model/recipe.ts";
import { withSettings } from "./change.ts";
import { heldInVain } from "./derivations.ts";
import { LEARNED, type Learned } from "./settings.ts";

const WORDS: Readonly<Record<Learned, string>> = {
  factors: "equalization",
  smoothed: "smoothing",
  unjoined: "which layers without weights join",
  spared: "what stays in float",
  resolved: "ranges",
  rounding: "learned rounding",
  inputScales: "scales by AWQ",
  codes: "codes found on samples",
  biases: "corrected biases",
};

/**
 * A recipe for a model that is prepared so: what was learned for another preparation, of other weights or layers, is not
 * taken over, which is told, as is what it holds and does not go by. Settings stay. Throws InputError for a preparation to come.
 */
export function preparedFor(
  recipe: Recipe,
  preparation: number,
): { readonly recipe: Recipe; readonly notices: readonly Notice[] } {
  if (recipe.preparation > LATEST_PREPARATION) {
    throw new InputError(
      `The recipe is for ${recipe.model.name} as a newer Octet prepares it before quantizing (preparation ${recipe.preparation}; this one knows ${LATEST_PREPARATION}); update Octet.`,
    );
  }
  if (recipe.preparation === preparation) return { recipe, notices: heldInVain(recipe).map(inVain) };
  const taken = withSettings(recipe, { preparation });
  const dropped = LEARNED.filter((part) => taken[part] === null && Object.keys(recipe[part] ?? {}).length > 0);
  if (dropped.length === 0) return { recipe: taken, notices: [] };
  const parts = dropped.map((part) => WORDS[part]).join(", ");
  const message = `The recipe was learned for ${recipe.model.name} as another version of Octet prepares it before quantizing; what it holds of ${parts} is of other weights or layers than are quantized now, and is not used: calibrate to have it learned anew.`;
  return { recipe: taken, notices: [{ kind: "warning", subject: "recipe", message }] };
}

function inVain(part: Learned): Notice {
  const message =
    part === "rounding"
      ? 'The recipe holds learned rounding without the biases that were learned with it: it is not used, and learned anew on data; with "bias": "none" in the corrections of its file it is taken as it is.'
      : "The recipe holds fine-tuned weights without the biases that were tuned with them: they are not used, and tuned anew on data.";
  return { kind: "warning", subject: "recipe", message };
}
