import { proxy } from "../../../workers/client.ts";
import type { Probe } from "../../engine/model/evaluation.ts";
import type { Progress } from "../../engine/model/job.ts";
import type { Recipe } from "../../engine/model/recipe.ts";
import { type Basis, basisOf, isCurrent } from "../../engine/recipe/basis.ts";
import { rememberMeasuring } from "./measuring.ts";
import { awaitsRounding, presentOf } from "./steps.ts";
import { type StudioState, studio } from "./store.ts";
import { engine } from "./workers.ts";

/** Rests between a change and its measurement, so that a run of changes costs one. */
const REST_MS = 300;
const SAMPLES = 16;

/** What was measured last, and what of. */
export interface Probed {
  readonly result: Probe;
  readonly recipe: Recipe;
  readonly basis: Basis;
  /** What was measured on the same samples before the change. */
  readonly before: Probe | null;
}

/** Sets whether every change is measured in the background. */
export function setMeasuring(measuring: boolean): void {
  rememberMeasuring(measuring);
  studio.setState({ measuring });
}

let resting: ReturnType<typeof setTimeout> | null = null;
let newest = 0;

/** Measures each recipe in the background once it is settled and nothing else runs. Returns how to stop it. */
export function startProbes(): () => void {
  return studio.subscribe((state, before) => {
    const changed =
      state.recipe?.present !== before.recipe?.present ||
      state.calibration !== before.calibration ||
      state.data !== before.data ||
      state.samples !== before.samples ||
      state.measuring !== before.measuring;
    const awaited = before.job !== null && state.job === null;
    if (!changed && !awaited) return;
    if (resting) clearTimeout(resting);
    resting = setTimeout(probeNow, REST_MS);
  });
}

/** The samples that a recipe is measured on, from the first that does not calibrate; null where none is left. */
export function probedRange({ data, samples }: Pick<StudioState, "data" | "samples">) {
  const rest = (data?.summary.samples ?? 0) - samples;
  return rest > 0 ? { skip: samples, samples: Math.min(SAMPLES, rest) } : null;
}

/** Whether what was measured is of another recipe, or of other samples, than those at hand. */
export function probeIsStale(state: Pick<StudioState, "probed" | "recipe" | "data" | "samples">): boolean {
  return state.probed !== null && !isCurrent("probe", state.probed.basis, presentOf(state));
}

async function probeNow(): Promise<void> {
  const state = studio.getState();
  const { recipe, calibration, data, job, measuring, probed } = state;
  const range = probedRange(state);
  if (!measuring || !recipe?.present.resolved || !calibration || !data || !range || job) return;
  if (awaitsRounding(recipe.present)) return;
  if (probed && !probeIsStale(state)) return;
  const { present } = recipe;
  const basis = basisOf("probe", presentOf(state));
  const id = ++newest;
  let ended = false;
  const show = (progress: Progress) => {
    if (id === newest && !ended) studio.setState({ probing: { progress, failure: null } });
  };
  studio.setState({ probing: { progress: null, failure: null } });
  try {
    const result = await engine.ask((api) => api.probe(present, range, proxy(show)));
    ended = true;
    if (id !== newest) return;
    const last = studio.getState().probed;
    const sameSamples = last?.basis.data === basis.data && last?.basis.samples === basis.samples;
    const before = last && sameSamples ? last.result : null;
    studio.setState({ probed: { result, recipe: present, basis, before }, probing: null });
  } catch (error) {
    ended = true;
    if (id !== newest) return;
    const { name, message } = error as Error;
    studio.setState({ probing: name === "AbortError" ? null : { progress: null, failure: message } });
  }
}
