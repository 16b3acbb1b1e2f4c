import type { CodeListener, CodeRequest, CodeSearch } from "../model/codeSearch.ts";
import type { Dataset } from "../model/dataset.ts";
import { InputError } from "../model/job.ts";
import { isSampled, type Recipe } from "../model/recipe.ts";
import { type Learner, ROUNDING_SAMPLES } from "../model/rounding.ts";
import type { Runtime } from "../model/runtime.ts";
import { targetOf } from "../targets/index.ts";
import { assertTakes } from "../targets/target.ts";
import { nothingInBlocks } from "./blockedLayers.ts";
import { findCodes } from "./findCodes.ts";
import { findInputScales, type ScalesFound } from "./findInputScales.ts";
import { type OpenModel, planModel } from "./open.ts";
import { printing } from "./prints.ts";

/**
 * Finds what a recipe asks for of weights in blocks and does not hold: scales of inputs and codes by AWQ, or codes by GPTQ, on the first
 * samples. With `resume` it goes on from what a search that was ended came to, and comes to what it would have come to without a break.
 * Throws InputError as these do, and where the recipe asks for none or its target does not take them; rejects with AbortError when it is
 * cancelled, after `onFound` had all that was found.
 */
export async function findOnSamples(
  model: OpenModel,
  recipe: Recipe,
  dataset: Dataset,
  { samples, resume }: CodeRequest,
  by: { readonly runtime: Runtime; readonly learner: Learner },
  { context, onFound }: CodeListener,
): Promise<CodeSearch> {
  const start = performance.now();
  assertTakes(targetOf(recipe), recipe);
  const { algorithm } = recipe.weights;
  if (!isSampled(recipe.weights) || (algorithm !== "gptq" && algorithm !== "awq")) {
    throw new InputError("The recipe asks for no codes found on samples; choose the algorithm gptq or awq.");
  }
  const searched = recipe.format === "q4f16" ? inFloat32(model, recipe) : recipe;
  const taught = printing(dataset, null);
  const first = Math.min(samples, ROUNDING_SAMPLES);
  let search: CodeSearch = {
    algorithm,
    ...(recipe.inputScales != null && { inputScales: recipe.inputScales }),
    ...{ codes: {}, layers: [], wanted: null, scaling: null },
    ...{ samples: first, learner: by.learner.label, seconds: 0, prints: null },
  };
  const told = (part: Partial<CodeSearch>): CodeSearch => {
    const seconds = (resume?.seconds ?? 0) + (performance.now() - start) / 1000;
    search = { ...search, ...part, seconds, prints: taught.all };
    return search;
  };
  if (algorithm === "awq" && !search.inputScales) {
    const { scaling, inputScales = {} } = resume ?? {};
    const withScales = ({ inputScales, ...scaling }: ScalesFound) => told({ inputScales, scaling });
    if (scaling && scaling.inputs.length >= scaling.wanted) withScales({ ...scaling, inputScales });
    else {
      const request = { samples: first, resume: scaling ? { ...scaling, inputScales } : null };
      const listener = { context, onFound: (part: ScalesFound) => onFound(withScales(part)) };
      withScales(await findInputScales(model, searched, taught.dataset, request, by, listener));
    }
  }
  const { inputScales } = search;
  const found = await findCodes(
    model,
    { ...searched, ...(inputScales && { inputScales }) },
    taught.dataset,
    { samples: first, halves: searched !== recipe, resume },
    by,
    { context, onFound: (part) => onFound(told(part)) },
  );
  return told(found);
}

/** A recipe of q4f16 as one of weights alone, whose other layers stay in float: float16 tells samples no more than float32 does. */
function inFloat32(model: OpenModel, recipe: Recipe): Recipe {
  const inBlocks = new Set(
    planModel(model, recipe).layers.flatMap(({ id, ownOperator }) => (ownOperator === "MatMulNBits" ? [id] : [])),
  );
  if (inBlocks.size === 0) throw nothingInBlocks(model.name);
  const { target: _, ...anywhere } = recipe;
  const alone: Recipe = { ...anywhere, format: "weights", spared: {}, resolved: {} };
  const others = planModel(model, alone).layers.flatMap(({ id }) => (inBlocks.has(id) ? [] : [id]));
  return { ...alone, float: { ...recipe.float, layers: [...recipe.float.layers, ...others] } };
}
