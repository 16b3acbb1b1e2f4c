import type { Calibration } from "../../../workers/protocol.ts";
import type { Recipe } from "../../engine/model/recipe.ts";
import type { ModelSummary } from "../../engine/model/summary.ts";
import { samePlan } from "../../engine/recipe/basis.ts";
import { loadResults } from "./keptResults.ts";
import { latestOnly } from "./latest.ts";
import { firstLayer, worstRow } from "./layers.ts";
import { alarmFor, say } from "./log.ts";
import {
  saveBegun,
  saveCalibration,
  saveCodes,
  saveFineTuning,
  saveRounding,
  saveSoon,
  saveTuning,
} from "./persistence.ts";
import { isSettled, resolveRecipe } from "./recipe.ts";
import { planPart, rangePart } from "./recipeParts.ts";
import { allRows } from "./selection.ts";
import type { StudioState } from "./slices/studio.ts";
import { followedCalibration } from "./standIn.ts";
import { changedSinceCalibration, factsOf } from "./steps.ts";
import { actions, studio } from "./store.ts";
import { analysis, engine } from "./workers.ts";

const SETTLE_AFTER_MS = 500;

interface Estimated {
  readonly plan: ModelSummary;
  readonly calibration: Calibration;
  readonly recipe: Recipe;
}

let planned: Recipe | null = null;
let loaded: Pick<Estimated, "plan" | "calibration"> | null = null;
let settling: ReturnType<typeof setTimeout> | null = null;

const replan = latestOnly(
  (recipe: Recipe) => engine.ask((api) => api.plan(planPart(recipe))),
  (plan, recipe) => {
    const { model } = studio.getState().project;
    if (model?.summary.sha256 === recipe.model.sha256) actions.modelPlanned(plan);
  },
  (error) => alarmFor(error, "Planning"),
);

const estimate = latestOnly(
  async ({ plan, calibration, recipe }: Estimated) => {
    const isLoaded = loaded?.plan === plan && loaded.calibration === calibration;
    if (!isLoaded && analysis.running) await analysis.ask((api) => api.load(plan, calibration.statistics));
    loaded = { plan, calibration };
    return analysis.ask((api) => api.overview(rangePart(recipe)));
  },
  (figures, { calibration }) => {
    const state = studio.getState();
    const { model } = state.project;
    if (state.project.calibration !== calibration) return;
    const overview = new Map(figures.map((entry) => [entry.group, entry]));
    const worst = worstRow(allRows(state), overview)?.id ?? (model && firstLayer(model.plan));
    actions.estimated(overview, worst);
  },
  (error) => say("warning", `The estimates could not be brought up to date: ${(error as Error).message}`),
);

/** Keeps what follows from the recipe in step with it: the plan, the estimates, the settled ranges, the store. */
export function startEffects(): () => void {
  return studio.subscribe((changed, before) => {
    const followed = followedCalibration(changed.project);
    if (followed !== changed.project.calibration) actions.calibrationFollowed(followed);
    const state = studio.getState();
    const { model, recipe, calibration } = state.project;
    const recipeChanged = recipe?.present !== before.project.recipe?.present;
    const calibrationChanged = calibration !== before.project.calibration;
    const modelChanged = model?.file !== before.project.model?.file;
    if (modelChanged) planned = null;
    if (model && model.summary !== before.project.model?.summary) void loadResults(model.summary.sha256);
    if (recipeChanged || modelChanged) followRecipe(state);
    if (calibrationChanged && !modelChanged) saveCalibration(state);
    if (state.project.begun !== before.project.begun && !modelChanged) saveBegun(state);
    if (state.results.tuning !== before.results.tuning && !modelChanged) saveTuning(state);
    if (state.results.rounding !== before.results.rounding && !modelChanged) saveRounding(state);
    if (state.results.finetuning !== before.results.finetuning && !modelChanged) saveFineTuning(state);
    if (state.results.codes !== before.results.codes && !modelChanged) saveCodes(state);
    if (recipeChanged || calibrationChanged || model?.plan !== before.project.model?.plan) {
      if (model && calibration && recipe) estimate({ plan: model.plan, calibration, recipe: recipe.present });
    }
    const saved = savedOf(before);
    if (recipeChanged || savedOf(state).some((value, index) => value !== saved[index])) saveSoon();
  });
}

function savedOf({ project: { samples }, results, view }: StudioState): readonly unknown[] {
  const { evaluation, sensitivity, walk } = results;
  const { limit, sensitivitySamples, metric } = view;
  return [evaluation, limit, samples, sensitivity, walk, sensitivitySamples, metric];
}

function followRecipe(state: StudioState): void {
  const { recipe, calibration, model } = state.project;
  if (!recipe || !model) return;
  const { present } = recipe;
  if (!planned || !samePlan(planned, present)) {
    planned = present;
    replan(present);
  }
  if (settling) clearTimeout(settling);
  // Other preprocessing is often several edits: a person says when they are done, by calibrating.
  const waits = changedSinceCalibration(factsOf(state)).includes("preprocess");
  if (calibration && !waits && !isSettled(present, calibration)) {
    settling = setTimeout(() => {
      const { project, work } = studio.getState();
      if (project.recipe?.present === present && project.calibration && !work.job) resolveRecipe(project.calibration);
    }, SETTLE_AFTER_MS);
  }
}
