import { proxy } from "../../../workers/client.ts";
import type { Calibration } from "../../../workers/protocol.ts";
import type { Execution } from "../../engine/model/calibration.ts";
import { type Recipe, scalesChannels } from "../../engine/model/recipe.ts";
import { withLearned, withOthers } from "../../engine/recipe/change.ts";
import type { Origin } from "../../engine/recipe/derivations.ts";
import { begunWith, settling } from "./begun.ts";
import { rememberExecution } from "./execution.ts";
import { runJob } from "./jobs.ts";
import { keepingOf, keptHere } from "./keeping.ts";
import { firstLayer } from "./layers.ts";
import { say, sayNotices } from "./log.ts";
import { asWanted, fits, resolveRecipe, withoutWaiting } from "./recipe.ts";
import { valuesPart } from "./recipeParts.ts";
import { isStandIn } from "./standIn.ts";
import { calibrationIsStale, changedByCalibrating, factsOf, isPartial, withoutSeen } from "./steps.ts";
import { actions, studio } from "./store.ts";
import { allStored } from "./storing.ts";

/** Sets how samples are run, here and from now on. */
export function changeExecution(change: Partial<Execution>): void {
  actions.executionChanged(change);
  rememberExecution(studio.getState().view.execution);
}

/** Calibrates, from where a cancelled run came to if it is of the same kind, and settles the ranges. */
export async function calibrate(): Promise<void> {
  const state = studio.getState();
  const { recipe, data, samples, calibration: before, calibrationTime } = state.project;
  if (!recipe || !data || state.work.job) return;
  const { execution } = state.view;
  const { present } = recipe;
  const facts = factsOf(state);
  const changed = changedByCalibrating(facts);
  const on = data.samplesFingerprint;
  if (scalesChannels(present.corrections)) return calibrateScaled(present, changed, samples, on);
  const goesOn = isPartial(facts) && !calibrationIsStale(facts);
  const replacesGood = before !== null && !isStandIn(before) && !isPartial(facts);
  const wanted = withoutSeen(facts) ?? present;
  let last: Calibration | null = goesOn ? before : begunWith(wanted, state.project);
  const started = performance.now();
  const spent = goesOn ? calibrationTime : 0;
  const time = () => (spent === null ? null : spent + performance.now() - started);

  const replacing = replacesGood ? wanted : null;
  const keeping = keepingOf({
    sha256: present.model.sha256,
    calibratedOn: on,
    samples,
    changed,
    recipe: replacing,
  });
  const onCheckpoint = proxy((checkpoint: Calibration) => {
    last = checkpoint;
    if (!studio.getState().work.job) return allStored();
    if (replacing) actions.settlingAdvanced({ recipe: replacing, calibration: checkpoint, calibratedOn: on, samples });
    else actions.calibrationAdvanced(checkpoint, on, changed);
    return allStored();
  });
  const calibration = await runJob({
    task: "Calibrating",
    on: `the first ${samples} samples`,
    run: (api, report) => api.calibrate(valuesPart(present), samples, last, execution, keeping, report, onCheckpoint),
    resumesAt: () => (last ? `from ${last.observed.length} of ${samples} samples` : "from the first sample"),
  });
  if (!calibration) {
    void keptHere();
    if (last && studio.getState().project.calibration === last) actions.calibrationTimed(time());
    return;
  }
  const { project, view } = studio.getState();
  const isFirst = project.model !== null && view.layer === firstLayer(project.model.summary);
  actions.calibrated(calibration, time(), on, changed, isFirst && !replacesGood);
  void keptHere();
  say("info", `Calibrated on ${calibration.observed.length} samples.`);
  sayNotices(calibration.notices);
  await resolveRecipe(calibration);
}

/** Equalizes and smooths where that was not learned yet, and calibrates the model as that makes it. */
async function calibrateScaled(recipe: Recipe, changed: readonly Origin[], samples: number, on: string): Promise<void> {
  const started = performance.now();
  const wanted = withoutWaiting(withOthers(recipe, [...changed, "statistics"]));
  const settled = await runJob({
    task: "Calibrating",
    on: `the first ${samples} samples`,
    ...settling(wanted, null, { calibratedOn: on, samples }),
  });
  void keptHere();
  const now = studio.getState().project.recipe?.present;
  if (!settled || now?.model.sha256 !== recipe.model.sha256) return;
  const edited = now !== recipe;
  const observed = withOthers(now, [...changed, "statistics"]);
  const present = edited ? withLearned(observed, learnedScaling(settled.recipe)) : asWanted(settled.recipe, recipe);
  if (edited && !fits(present, settled.calibration)) {
    say(
      "warning",
      "The recipe was changed meanwhile, so that tensors hold something else than was observed: calibrate again.",
    );
    return;
  }
  const spent = performance.now() - started;
  actions.recipeSettledAnew(present, settled.calibration, spent, on, changed);
  say("info", `Calibrated on ${settled.calibration.observed.length} samples.`);
  sayNotices(settled.calibration.notices);
  if (edited) await resolveRecipe(settled.calibration);
}

function learnedScaling({ factors, smoothed }: Recipe) {
  return { factors, ...(smoothed && { smoothed }) };
}
