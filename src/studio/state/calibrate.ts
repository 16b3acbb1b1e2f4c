import { proxy } from "../../../workers/client.ts";
import type { Calibration } from "../../../workers/protocol.ts";
import type { Execution } from "../../engine/model/calibration.ts";
import type { Recipe } from "../../engine/model/recipe.ts";
import { withLearned, withOthers } from "../../engine/recipe/change.ts";
import type { Origin } from "../../engine/recipe/derivations.ts";
import { rememberExecution } from "./execution.ts";
import { amend } from "./history.ts";
import { runJob } from "./jobs.ts";
import { firstLayer } from "./layers.ts";
import { say, sayNotices } from "./log.ts";
import { asWanted, resolveRecipe, withoutWaiting } from "./recipe.ts";
import { valuesPart } from "./recipeParts.ts";
import { isStandIn } from "./standIn.ts";
import { calibrationIsStale, changedSinceCalibration, isPartial } from "./steps.ts";
import { studio } from "./store.ts";

/** Sets how samples are run, here and from now on. */
export function changeExecution(change: Partial<Execution>): void {
  const execution = { ...studio.getState().execution, ...change };
  rememberExecution(execution);
  studio.setState({ execution });
}

/** Calibrates, from where a cancelled run came to if it is of the same kind, and settles the ranges. */
export async function calibrate(): Promise<void> {
  const state = studio.getState();
  if (!state.recipe || !state.data || state.job) return;
  const { samples, execution } = state;
  const { present } = state.recipe;
  const changed = changedSinceCalibration(state);
  const on = state.data.fingerprint;
  if (present.corrections.equalization) return calibrateEqualized(present, changed, samples, execution, on);
  const goesOn = isPartial(state) && !calibrationIsStale(state);
  const replacesGood = state.calibration !== null && !isStandIn(state.calibration) && !isPartial(state);
  let last: Calibration | null = goesOn ? state.calibration : null;
  const started = performance.now();
  const spent = goesOn ? state.calibrationTime : 0;
  const time = () => (spent === null ? null : spent + performance.now() - started);

  const onCheckpoint = proxy((checkpoint: Calibration) => {
    last = checkpoint;
    if (!replacesGood && studio.getState().job) studio.setState({ calibration: checkpoint, calibratedOn: on });
  });
  const calibration = await runJob({
    task: "Calibrating",
    on: `the first ${samples} samples`,
    run: (api, report) => api.calibrate(valuesPart(present), samples, last, execution, report, onCheckpoint),
    resumesAt: () => (last ? `from ${last.observed.length} of ${samples} samples` : "from the first sample"),
  });
  if (!calibration) {
    if (last && studio.getState().calibration === last) studio.setState({ calibrationTime: time() });
    return;
  }
  studio.setState(({ recipe, model, layer }) => ({
    calibration,
    layer: !replacesGood && model && layer === firstLayer(model.summary) ? null : layer,
    calibrationTime: time(),
    calibratedOn: on,
    recipe: recipe && amend(recipe, withLearned(withOthers(recipe.present, changed), { resolved: null })),
  }));
  say("info", `Calibrated on ${calibration.observed.length} samples.`);
  sayNotices(calibration.notices);
  await resolveRecipe(calibration);
}

/** Equalizes where that was not learned yet, and calibrates the equalized model. */
async function calibrateEqualized(
  recipe: Recipe,
  changed: readonly Origin[],
  samples: number,
  execution: Execution,
  on: string,
): Promise<void> {
  const started = performance.now();
  const wanted = withoutWaiting(withLearned(withOthers(recipe, changed), { resolved: null }));
  const settled = await runJob({
    task: "Calibrating",
    on: `the first ${samples} samples`,
    run: (api, report) => api.settle(wanted, samples, null, execution, report),
  });
  const { recipe: now } = studio.getState();
  if (!settled || now?.present !== recipe) return;
  studio.setState({
    calibration: settled.calibration,
    calibrationTime: performance.now() - started,
    calibratedOn: on,
    recipe: amend(now, asWanted(settled.recipe, recipe)),
  });
  say("info", `Calibrated on ${settled.calibration.observed.length} samples.`);
  sayNotices(settled.calibration.notices);
}
