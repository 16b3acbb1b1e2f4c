import { proxy } from "../../../workers/client.ts";
import type { Sensitivity } from "../../engine/model/sensitivity.ts";
import { type Basis, basisOf } from "../../engine/recipe/basis.ts";
import { sameValue } from "../../engine/recipe/text.ts";
import { nothingIsAwaited } from "./awaited.ts";
import { runJob } from "./jobs.ts";
import { alarmUntil, say, sayNotices } from "./log.ts";
import { isBusy, resolveRecipe } from "./recipe.ts";
import type { Based } from "./slices/results.ts";
import { actions, studio } from "./store.ts";

export const MEASURING = "Measuring sensitivity";
export const WALKING = "Measuring the error walk";

/** Measures what every layer costs; shows what is known as it comes, and keeps it when stopped. */
export async function measureSensitivity(): Promise<void> {
  const ready = await readyToMeasure();
  if (!ready) return;
  const { recipe, basis, samples, isOpen } = ready;
  const before = studio.getState().results.sensitivity;
  const show = (result: Sensitivity) => {
    if (isOpen()) actions.sensitivityMeasured({ result, basis });
  };
  const onResult = proxy(show);
  const untilSettled = studio.getState().view.metric !== "drop";
  const result = await runJob({
    task: MEASURING,
    on: `the first ${samples} samples`,
    run: (api, report) => api.sensitivity(recipe, samples, untilSettled, report, onResult),
  });
  if (!isOpen()) return;
  if (result) {
    show(result);
    say(
      "info",
      `Sensitivity of ${result.layers.length} layers measured on ${result.samples} samples${result.samples < result.wanted ? ", which rank the layers reliably" : ""}.`,
    );
    sayNotices(result.notices);
  } else {
    const now = studio.getState().results.sensitivity;
    const kept = better(before, now && now.result.layers.length > 0 ? now : null, basis);
    actions.sensitivityMeasured(kept);
    if (kept) say("info", `Sensitivity is known from ${kept.result.samples} of ${kept.result.wanted} samples.`);
  }
}

/** Measures the error at every layer's output of the exported model. */
export async function measureWalk(): Promise<void> {
  const ready = await readyToMeasure();
  if (!ready) return;
  const { recipe, basis, samples, isOpen } = ready;
  const result = await runJob({
    task: WALKING,
    on: `the first ${samples} samples`,
    run: (api, report) => api.walk(recipe, samples, report),
  });
  if (!result || !isOpen()) return;
  actions.walkMeasured({ result, basis });
  say("info", `The error was walked through ${result.steps.length} layers on ${result.samples} samples.`);
}

async function readyToMeasure() {
  const { project, work, view } = studio.getState();
  const { calibration, data, model } = project;
  if (!calibration || isBusy(work)) return null;
  if (!data) {
    alarmUntil("samples", "Measuring needs the samples: drop them in again.");
    return null;
  }
  const recipe = await resolveRecipe(calibration);
  if (!recipe || !nothingIsAwaited(recipe)) return null;
  return {
    recipe,
    basis: basisOf("sensitivity", { recipe, data: data.fingerprint }),
    samples: Math.min(view.sensitivitySamples, data.summary.samples),
    isOpen: () => studio.getState().project.model?.file === model?.file,
  };
}

/** What a stopped run leaves: its own result, unless the one before is as valid and holds more. */
function better(before: Based<Sensitivity> | null, now: Based<Sensitivity> | null, basis: Basis) {
  if (!before || !now || !sameValue(before.basis, basis)) return now;
  const fewer = now.result.samples - before.result.samples || now.result.layers.length - before.result.layers.length;
  return fewer < 0 ? before : now;
}
