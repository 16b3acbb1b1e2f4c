import { proxy } from "../../../workers/client.ts";
import type { Probe } from "../../engine/model/evaluation.ts";
import type { Progress } from "../../engine/model/job.ts";
import type { Recipe } from "../../engine/model/recipe.ts";
import { basisOf, isCurrent } from "../../engine/recipe/basis.ts";
import { afterRest } from "./afterRest.ts";
import { rememberMeasuring } from "./measuring.ts";
import type { Project } from "./slices/project.ts";
import type { StudioState } from "./slices/studio.ts";
import { awaitedOf, factsOf, presentOf } from "./steps.ts";
import { actions, studio } from "./store.ts";
import { engine } from "./workers.ts";

/** Rests between a change and its measurement, so that a run of changes costs one. */
const REST_MS = 300;
const SAMPLES = 16;

/** Sets whether every change is measured in the background. */
export function setMeasuring(measuring: boolean): void {
  rememberMeasuring(measuring);
  actions.measuringChosen(measuring);
}

const probeSoon = afterRest(probeNow, REST_MS);
let newest = 0;

/** Measures each recipe, from the present one on, in the background once it is settled and nothing else runs. Returns how to stop it. */
export function startProbes(): () => void {
  probeSoon();
  return studio.subscribe(({ project, work, view }, before) => {
    const changed =
      project.recipe?.present !== before.project.recipe?.present ||
      project.calibration !== before.project.calibration ||
      project.data !== before.project.data ||
      project.samples !== before.project.samples ||
      view.measuring !== before.view.measuring;
    const awaited = before.work.job !== null && work.job === null;
    if (changed || awaited) probeSoon();
  });
}

/** The samples that a recipe is measured on, from the first that does not calibrate, nor did; null where none is left. */
export function probedRange({
  data,
  samples,
  calibration,
  calibratedOn,
}: Pick<Project, "data" | "samples" | "calibration" | "calibratedOn">) {
  const did = data && calibration && calibratedOn === data.samplesFingerprint ? calibration.wanted : 0;
  const skip = Math.max(samples, did);
  const rest = (data?.summary.samples ?? 0) - skip;
  return rest > 0 ? { skip, samples: Math.min(SAMPLES, rest) } : null;
}

/** Whether what was measured is of another recipe, or of other samples, than those at hand. */
export function probeIsStale(state: StudioState): boolean {
  const { probed } = state.results;
  return probed !== null && !isCurrent("probe", probed.basis, presentOf(factsOf(state)));
}

/** What a settled recipe comes to on the samples that changes are measured on; null where none is left, or something else has the turn. */
export async function probeOf(recipe: Recipe): Promise<Probe | null> {
  const range = probedRange(studio.getState().project);
  if (!range || !recipe.resolved) return null;
  try {
    return await engine.ask((api) =>
      api.probe(
        recipe,
        range,
        proxy(() => undefined),
      ),
    );
  } catch {
    return null;
  }
}

async function probeNow(): Promise<void> {
  const state = studio.getState();
  const { project, work, results, view } = state;
  const { recipe, calibration, data } = project;
  const range = probedRange(project);
  if (!view.measuring || !recipe?.present.resolved || !calibration || !data || !range || work.job) return;
  if (awaitedOf(recipe.present)) return;
  if (results.probed && !probeIsStale(state)) return;
  const { present } = recipe;
  const basis = basisOf("probe", presentOf(factsOf(state)));
  const id = ++newest;
  let ended = false;
  const show = (progress: Progress) => {
    if (id === newest && !ended) actions.probeProgressed(progress);
  };
  actions.probeProgressed(null);
  try {
    const result = await engine.ask((api) => api.probe(present, range, proxy(show)));
    ended = true;
    if (id !== newest) return;
    const last = studio.getState().results.probed;
    const sameSamples = last?.basis.data === basis.data && last?.basis.samples === basis.samples;
    const before = last && sameSamples ? last.result : null;
    actions.probeFinished({ result, recipe: present, basis, before });
  } catch (error) {
    ended = true;
    if (id !== newest) return;
    const { name, message } = error as Error;
    if (name === "AbortError") actions.probeGivenUp();
    else actions.probeFailed(message);
  }
}
