import type { Calibration } from "../../../workers/protocol.ts";
import type { Recipe } from "../../engine/model/recipe.ts";
import type { ModelSummary } from "../../engine/model/summary.ts";
import { samePlan } from "../../engine/recipe/edits.ts";
import { latestOnly } from "./latest.ts";
import { firstLayer, worstRow } from "./layers.ts";
import { alarmFor, say } from "./log.ts";
import { saveCalibration, saveRounding, saveSoon, saveTuning } from "./persistence.ts";
import { isSettled, resolveRecipe } from "./recipe.ts";
import { planPart, rangePart } from "./recipeParts.ts";
import { loadResults } from "./results.ts";
import { allRows } from "./selection.ts";
import { followedCalibration } from "./standIn.ts";
import { changedSinceCalibration } from "./steps.ts";
import { type StudioState, studio } from "./store.ts";
import { analysis, engine } from "./workers.ts";

const SETTLE_AFTER_MS = 500;
const SAVED = ["evaluation", "limit", "samples", "sensitivity", "walk", "sensitivitySamples", "metric"] as const;

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
    const { model } = studio.getState();
    if (model?.summary.sha256 !== recipe.model.sha256) return;
    studio.setState({ model: { ...model, plan } });
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
    if (state.calibration !== calibration) return;
    const overview = new Map(figures.map((entry) => [entry.group, entry]));
    const worst = worstRow(allRows(state), overview)?.id ?? (state.model && firstLayer(state.model.plan));
    studio.setState({ overview, layer: state.layer ?? worst });
  },
  (error) => say("warning", `The estimates could not be brought up to date: ${(error as Error).message}`),
);

/** Keeps what follows from the recipe in step with it: the plan, the estimates, the settled ranges, the store. */
export function startEffects(): () => void {
  return studio.subscribe((changed, before) => {
    const calibration = followedCalibration(changed);
    if (calibration !== changed.calibration) studio.setState({ calibration });
    const state = studio.getState();
    const recipeChanged = state.recipe?.present !== before.recipe?.present;
    const modelChanged = state.model?.file !== before.model?.file;
    if (modelChanged) planned = null;
    if (state.model && state.model.summary !== before.model?.summary) void loadResults(state.model.summary.sha256);
    if (recipeChanged || modelChanged) followRecipe(state);
    if (state.calibration !== before.calibration && !modelChanged) saveCalibration(state);
    if (state.tuning !== before.tuning && !modelChanged) saveTuning(state);
    if (state.rounding !== before.rounding && !modelChanged) saveRounding(state);
    if (recipeChanged || state.calibration !== before.calibration || state.model?.plan !== before.model?.plan) {
      if (state.model && state.calibration && state.recipe) {
        estimate({ plan: state.model.plan, calibration: state.calibration, recipe: state.recipe.present });
      }
    }
    if (recipeChanged || SAVED.some((key) => state[key] !== before[key])) saveSoon();
  });
}

function followRecipe(state: StudioState): void {
  const { recipe, calibration, model } = state;
  if (!recipe || !model) return;
  const { present } = recipe;
  if (!planned || !samePlan(planned, present)) {
    planned = present;
    replan(present);
  }
  if (settling) clearTimeout(settling);
  // Other preprocessing is often several edits: a person says when they are done, by calibrating.
  const waits = changedSinceCalibration(state).includes("preprocess");
  if (calibration && !waits && !isSettled(present, calibration)) {
    settling = setTimeout(() => {
      const now = studio.getState();
      if (now.recipe?.present === present && now.calibration && !now.job) resolveRecipe(now.calibration);
    }, SETTLE_AFTER_MS);
  }
}
