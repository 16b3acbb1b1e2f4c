import type { Evaluation } from "../../engine/model/evaluation.ts";
import { runJob } from "./jobs.ts";
import { alarm, say, sayNotices } from "./log.ts";
import { isBusy, resolveRecipe } from "./recipe.ts";
import { addResult } from "./results.ts";
import { roundingIsThere } from "./rounding.ts";
import { evaluationBasis } from "./steps.ts";
import { studio } from "./store.ts";

/** Measures float against quantized on the samples that did not calibrate. */
export async function evaluate(): Promise<void> {
  const { calibration: before, data, samples } = studio.getState();
  if (!before || isBusy(studio.getState())) return;
  if (!data) {
    alarm("Evaluating needs the samples: drop them in again.");
    return;
  }
  const rest = data.summary.samples - samples;
  if (rest <= 0) {
    alarm("Every sample calibrates: leave some to evaluate in the Data step.");
    return;
  }
  const recipe = await resolveRecipe(before);
  const { calibration } = studio.getState();
  if (!recipe || !calibration || !roundingIsThere(recipe)) return;
  const basis = evaluationBasis(studio.getState());
  const { limit } = studio.getState();
  const result = await runJob({
    task: "Evaluating",
    on: `${rest} samples`,
    run: (api, report) => api.evaluate(recipe, { skip: samples, samples: rest }, limit, report),
  });
  if (!result) return;
  studio.setState({ evaluation: { result, basis } });
  void addResult({ recipe, samples, fingerprint: data.fingerprint, calibration, evaluation: result });
  say("info", `Evaluated on ${result.samples} samples.`);
  sayNotices([...result.notices].reverse());
}

/** Sets the top-1 drop allowed, as a share, and judges the last evaluation by it. */
export function setLimit(limit: number): void {
  studio.setState(({ evaluation }) => ({
    limit,
    evaluation: evaluation && { ...evaluation, result: judged(evaluation.result, limit) },
  }));
}

/** An evaluation judged by another limit; without labels there is no verdict. */
export function judged(evaluation: Evaluation, limit: number): Evaluation {
  const { top1 } = evaluation;
  return top1 ? { ...evaluation, verdict: { limit, passed: top1.drop <= limit } } : evaluation;
}
