import { nothingIsAwaited } from "./awaited.ts";
import { compareFirst } from "./comparing.ts";
import { runJob } from "./jobs.ts";
import { addResult } from "./keptResults.ts";
import { alarmUntil, say, sayNotices } from "./log.ts";
import { isDisprovedNow } from "./preprocess.ts";
import { isBusy, resolveRecipe } from "./recipe.ts";
import type { Project } from "./slices/project.ts";
import { evaluationBasis, factsOf } from "./steps.ts";
import { actions, studio } from "./store.ts";
import { unjudged } from "./verdict.ts";

/** Measures float against quantized on the samples that did not calibrate; no limit is judged where labels speak against the preprocessing. */
export async function evaluate(): Promise<void> {
  const { project, work } = studio.getState();
  const { calibration: before } = project;
  if (!before || isBusy(work) || !isSomethingLeft(project)) return;
  const recipe = await resolveRecipe(before);
  const state = studio.getState();
  const { calibration, data, samples } = state.project;
  if (!recipe || !calibration || !nothingIsAwaited(recipe) || !data || !isSomethingLeft(state.project)) return;
  const rest = data.summary.samples - samples;
  const basis = evaluationBasis(factsOf(state));
  const { limit } = state.view;
  const result = await runJob({
    task: "Evaluating",
    on: `${rest} samples`,
    run: async (api, report) => {
      await compareFirst(api, state.project, report);
      const evaluation = await api.evaluate(recipe, { skip: samples, samples: rest }, limit, report);
      const { results } = studio.getState();
      return isDisprovedNow({ project: state.project, results }) ? unjudged(evaluation) : evaluation;
    },
  });
  if (!result) return;
  actions.evaluationFinished({ result, basis });
  void addResult({ recipe, samples, fingerprint: data.fingerprint, calibration, evaluation: result });
  say("info", `Evaluated on ${result.samples} samples.`);
  sayNotices([...result.notices].reverse());
}

/** Whether there are samples that do not calibrate; says so where there are none. */
function isSomethingLeft({ data, samples }: Pick<Project, "data" | "samples">): boolean {
  if (data && data.summary.samples > samples) return true;
  alarmUntil(
    "samples to judge",
    data
      ? "Every sample calibrates: leave some to evaluate in the Data step."
      : "Evaluating needs the samples: drop them in again.",
  );
  return false;
}
