import { proxy } from "../../../workers/client.ts";
import type { CodeSearch } from "../../engine/model/codeSearch.ts";
import { isSampled, type Recipe } from "../../engine/model/recipe.ts";
import { own } from "../../engine/model/record.ts";
import { ROUNDING_SAMPLES } from "../../engine/model/rounding.ts";
import { basisOf, isCurrent } from "../../engine/recipe/basis.ts";
import { withFoundCodes, withWeightAlgorithm } from "../../engine/recipe/edits.ts";
import { plural } from "../../engine/values/figures.ts";
import { runJob } from "./jobs.ts";
import { alarm, alarmUntil, say } from "./log.ts";
import { editRecipe, isBusy, resolveRecipe } from "./recipe.ts";
import type { StudioState } from "./slices/studio.ts";
import { factsOf, presentOf } from "./steps.ts";
import { actions, studio } from "./store.ts";

export const FINDING = "Finding codes";

/** How many samples are read, of those that calibrate: the others judge. */
export function codeSamples({ project: { samples }, view }: StudioState): number {
  return Math.min(view.codeSamples ?? ROUNDING_SAMPLES, samples, ROUNDING_SAMPLES);
}

/** Whether what was found is of other weights, blocks or samples than those at hand. */
export function codesAreStale(state: StudioState): boolean {
  const { codes } = state.results;
  if (!codes || !state.project.recipe) return false;
  return !isCurrent("inputScales", codes.basis, presentOf(factsOf(state)));
}

export function isWhole({ layers, wanted }: CodeSearch): boolean {
  return wanted !== null && layers.length >= wanted;
}

/** Whether the recipe has the codes of this result. */
export function codesAreAdopted({ project: { recipe }, results: { codes } }: StudioState): boolean {
  const used = recipe?.present.codes;
  if (!codes || !used) return false;
  const found = codes.result.codes;
  const names = Object.keys(found);
  const isUsed = (name: string) => {
    const [mine, theirs] = [own(used, name), own(found, name)];
    return mine?.codes === theirs?.codes && mine?.scales === theirs?.scales && mine?.zeroPoints === theirs?.zeroPoints;
  };
  return names.length > 0 && names.length === Object.keys(used).length && names.every(isUsed);
}

/** What a search that was ended came to, where the next one can go on from it. */
export function resumableCodes(state: StudioState): CodeSearch | null {
  const { codes } = state.results;
  if (!codes || codesAreStale(state) || isWhole(codes.result)) return null;
  return codes.asked.samples === codeSamples(state) ? codes.result : null;
}

/** How far a search has come, in words. */
export function foundText({ layers, wanted, scaling }: CodeSearch): string {
  if (wanted === null) return `${scaling?.inputs.length ?? 0} of ${plural(scaling?.wanted ?? 0, "input")} scaled`;
  return layers.length < wanted
    ? `${layers.length} of ${plural(wanted, "layer")} found`
    : `${plural(wanted, "layer")} found`;
}

/**
 * Finds codes as the recipe asks, and takes them into it as one step of undo. Shows every layer as it is done; a search that is ended
 * keeps its layers, and the next goes on from them.
 */
export async function findCodes(): Promise<void> {
  const { project, work } = studio.getState();
  const { data, model } = project;
  if (!project.recipe || isBusy(work)) return;
  if (!data) {
    alarmUntil("samples", "Finding codes needs the samples: drop them in again.");
    return;
  }
  if (!project.calibration || !isSampled(project.recipe.present.weights)) {
    alarm(
      "The recipe asks for no codes found on samples: choose the format weights or q4f16, blocks, and GPTQ or AWQ.",
    );
    return;
  }
  const recipe = await resolveRecipe(project.calibration);
  if (!recipe) return;
  const basis = basisOf("inputScales", { recipe, data: data.fingerprint });
  const now = studio.getState();
  const asked = { samples: codeSamples(now) };
  const searched = { ...recipe, inputScales: null, codes: null };
  let last = resumableCodes(now);
  const isOpen = () => studio.getState().project.model?.file === model?.file;
  const show = (result: CodeSearch) => {
    last = result;
    if (isOpen()) actions.codesFound({ result, basis, asked });
  };
  const onFound = proxy(show);
  const result = await runJob({
    task: FINDING,
    on: `the first ${plural(asked.samples, "sample")}`,
    run: (api, report) => api.findCodes(searched, { ...asked, resume: last }, report, onFound),
    resumesAt: () => (last ? `with ${foundText(last)}` : "from the first layer"),
  });
  if (!isOpen()) return;
  if (!result) {
    if (last) say("info", `Codes: ${foundText(last)}, which are kept.`);
    return;
  }
  show(result);
  say("info", `Codes: ${foundText(result)}.`);
  if (codesAreStale(studio.getState())) say("warning", "The recipe changed meanwhile, so it has no such codes yet.");
  else adoptCodes();
}

/** Gives the recipe the codes that were found, as one step of undo. */
export function adoptCodes(): void {
  const { codes } = studio.getState().results;
  if (!codes) return;
  editRecipe("codes found on samples", (recipe) => withFoundCodes(recipe, codes.result));
}

/** How scales of blocks are found: with the codes at once where these are known. */
export function chooseAlgorithm(algorithm: NonNullable<Recipe["weights"]["algorithm"]>): void {
  const state = studio.getState();
  const { codes } = state.results;
  editRecipe("algorithm", (before) => {
    const recipe = withWeightAlgorithm(before, algorithm === "hqq" ? null : algorithm);
    const present = { ...presentOf(factsOf(state)), recipe };
    const known = codes && isWhole(codes.result) && isCurrent("inputScales", codes.basis, present);
    return known ? withFoundCodes(recipe, codes.result) : recipe;
  });
}
