import { proxy } from "../../../workers/client.ts";
import { isSampled } from "../../engine/model/recipe.ts";
import type { TunePoint, TuneRequest, Tuning } from "../../engine/model/tuning.ts";
import { basisOf, differing, isCurrent, sameSettings } from "../../engine/recipe/basis.ts";
import { plural } from "../../engine/values/figures.ts";
import { runJob } from "./jobs.ts";
import { alarm, alarmUntil, say } from "./log.ts";
import { preparedHere } from "./preparation.ts";
import { editRecipe, isForInputs } from "./recipe.ts";
import type { StudioState } from "./slices/studio.ts";
import type { SearchSettings } from "./slices/view.ts";
import { factsOf, presentOf } from "./steps.ts";
import { actions, studio } from "./store.ts";

export const SEARCHING = "Searching";

/** What a limit on right answers would be of: top-1 where there are labels, else perplexity where an evaluation has found it; null where neither is. */
export function droppable({ project, results }: StudioState): "top-1" | "perplexity" | null {
  if ((project.data?.summary.labelled ?? 0) > 0) return "top-1";
  return results.evaluation?.result.perplexity ? "perplexity" : null;
}

/** What the next search is asked; null while there are no samples. */
export function requestOf(state: StudioState): TuneRequest | null {
  const { data, samples } = state.project;
  const { search, limit } = state.view;
  if (!data) return null;
  const kind = droppable(state) ? search.limit : "sqnr";
  return {
    samples: Math.min(search.samples ?? samples, data.summary.samples),
    limit: kind === "drop" ? { kind, share: limit } : { kind, decibels: search.decibels },
    goal: "size",
    budget: search.budget,
    ...(search.mix && { mix: true }),
  };
}

/** Searches for a smaller model that keeps the limit; shows every point as it comes, and keeps them when stopped. */
export async function searchRecipes(): Promise<void> {
  const request = requestOf(studio.getState());
  const result = await runSearch(SEARCHING, request);
  if (!result) return;
  const tried = `${plural(result.points.length, "point")} tried`;
  const outcome =
    result.chosen === null ? "none keeps the limit" : `“${result.points[result.chosen]!.label}” keeps the limit`;
  say("info", `${tried} in the search: ${outcome}.`);
}

/** Runs a search from the recipe of the moment on; null where it found nothing or could not begin, of which the person has been told. */
export async function runSearch(task: string, request: TuneRequest | null): Promise<Tuning | null> {
  const state = studio.getState();
  const { recipe, data, model } = state.project;
  if (!recipe) return null;
  if (state.work.job) {
    say("info", `${state.work.job.task} has just begun: press again when it is done.`);
    return null;
  }
  if (!data || !request) {
    alarmUntil("samples", `${task} needs the samples: drop them in again.`);
    return null;
  }
  const { present } = recipe;
  if (present.weights.rounding === "learned" || present.weights.rounding === "finetuned") {
    alarm(`${task} rounds weights to nearest: choose that first, and learn rounding for the recipe that it finds.`);
    return null;
  }
  if (isSampled(present.weights)) {
    alarm(`${task} takes scales of least error: choose these first, and find codes for the recipe that it finds.`);
    return null;
  }
  const basis = basisOf("search", { recipe: present, data: data.fingerprint });
  const show = (result: Tuning) => {
    if (studio.getState().project.model?.file === model?.file) actions.searchAdvanced({ result, basis });
  };
  const onPoint = proxy(show);
  const result = await runJob({
    task,
    on: `the first ${plural(request.samples, "sample")}`,
    run: (api, report) => api.tune(present, request, report, onPoint),
  });
  if (result) show(result);
  return result;
}

/** Makes a point's recipe the recipe of the moment, as one step of undo. */
export function adoptPoint(point: TunePoint): void {
  const { model } = studio.getState().project;
  if (!model || !isForInputs(point.recipe, "The search ran")) return;
  const recipe = preparedHere(point.recipe, model.summary, `Taking ${point.label}`);
  if (!recipe) return;
  editRecipe(`search ${point.label}`, () => recipe);
  say("info", `The recipe is now the one of the search: ${point.label}.`);
  if (!isOfOtherSamples(studio.getState())) return;
  say(
    "warning",
    `${point.label} was found on other samples than those at hand, and its ranges are theirs: calibrate to have them chosen anew.`,
  );
}

/** Whether the search ran on other data than that at hand. */
function isOfOtherSamples(state: StudioState): boolean {
  const { tuning } = state.results;
  return tuning !== null && differing("search", tuning.basis, presentOf(factsOf(state))).includes("data");
}

/** The settings that a search was asked with. */
export function settingsOf({ limit, samples, budget, mix }: TuneRequest): SearchSettings {
  const decibels = limit.kind === "sqnr" ? limit.decibels : studio.getState().view.search.decibels;
  return { limit: limit.kind, decibels, samples, budget, ...(mix && { mix }) };
}

/** Whether other data, or a recipe that is neither where the search began nor one of its points, is at hand. */
export function searchIsStale(state: StudioState): boolean {
  const { tuning } = state.results;
  if (!tuning || !state.project.recipe) return false;
  if (isOfOtherSamples(state)) return true;
  return !isCurrent("search", tuning.basis, presentOf(factsOf(state))) && adoptedIndex(state) === null;
}

/** The point whose recipe is the one of the moment. */
export function adoptedIndex({ project: { recipe }, results: { tuning } }: StudioState): number | null {
  if (!tuning || !recipe) return null;
  const index = tuning.result.points.findIndex((point) => sameSettings(point.recipe, recipe.present));
  return index < 0 ? null : index;
}
