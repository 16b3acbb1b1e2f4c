import { runJob } from "./jobs.ts";
import { alarm, say, sayNotices } from "./log.ts";
import { resolveRecipe } from "./recipe.ts";
import { evaluationBasis } from "./steps.ts";
import { studio } from "./store.ts";

/** Measures float against quantized on the samples that did not calibrate. */
export async function evaluate(): Promise<void> {
  const { calibration, data, samples, job } = studio.getState();
  if (!calibration || job) return;
  if (!data) {
    alarm("Evaluating needs the samples: drop them in again.");
    return;
  }
  const rest = data.summary.samples - samples;
  if (rest <= 0) {
    alarm("Every sample calibrates: leave some to evaluate in the Data step.");
    return;
  }
  const recipe = await resolveRecipe(calibration);
  if (!recipe) return;
  const basis = evaluationBasis(studio.getState());
  const { limit } = studio.getState();
  const result = await runJob({
    task: "Evaluating",
    on: `${rest} samples`,
    run: (api, report) => api.evaluate(recipe, { skip: samples, samples: rest }, limit, report),
  });
  if (!result) return;
  studio.setState({ evaluation: { result, basis } });
  say("info", `Evaluated on ${result.samples} samples.`);
  sayNotices(result.notices);
}

/** Sets the top-1 drop allowed, as a share, and judges the last evaluation by it. */
export function setLimit(limit: number): void {
  studio.setState(({ evaluation }) => {
    const top1 = evaluation?.result.top1;
    if (!evaluation || !top1) return { limit };
    const verdict = { limit, passed: top1.drop <= limit };
    return { limit, evaluation: { ...evaluation, result: { ...evaluation.result, verdict } } };
  });
}
