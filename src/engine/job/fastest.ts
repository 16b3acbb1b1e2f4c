import { resolveRanges } from "../encode/ranges.ts";
import type { Calibration } from "../model/calibration.ts";
import type { Dataset } from "../model/dataset.ts";
import { takesRanges } from "../model/format.ts";
import { InputError, type JobContext, type Notice } from "../model/job.ts";
import { type Recipe, weightTypesOf } from "../model/recipe.ts";
import type { Runtime, Session } from "../model/runtime.ts";
import type { SpeedTrial } from "../model/speed.ts";
import { medianInterval, quantile } from "../numerics/interval.ts";
import { type Choices, withSettings } from "../recipe/change.ts";
import { targetOf } from "../targets/index.ts";
import { plural, significant } from "../values/figures.ts";
import { timeInTurn } from "./inTurn.ts";
import { type OpenModel, planModel, runnable } from "./open.ts";
import { quantizeModel, quantizesAnything } from "./quantize.ts";
import { firstReadable } from "./samples.ts";
import { loadSession } from "./session.ts";
import { type SpeedCandidate, speedCandidates } from "./speedCandidates.ts";

/** What is not clearly faster does not take the place of the recipe as it is, nor of weights that are computed in float. */
const CLEAR_GAIN = 0.95;
/**
 * Of float's time, what integers take at most to be written, by the median with 95 % confidence and by the least: so much a model
 * differs from itself.
 */
const FASTER = 0.98;

/** A candidate with its times over those of the float model in the same rounds. */
interface Timed extends Pick<SpeedCandidate, "name" | "choices"> {
  readonly isFloat: boolean;
  readonly ratios: readonly number[];
  /** The least of its times over the least of the float model's: what else a machine does adds to times, and never takes off. */
  readonly least: number;
}

/**
 * Times a settled recipe against the float model and against recipes that quantize more or less, in turn, one sample on one
 * thread of this machine, and gives the settings of the quickest: {} where that is the recipe as it is. Where none that computes
 * in integers is faster than the float model, every layer is computed in float and its weights alone are in 8 bits.
 * Throws InputError as quantizing does, and when no sample can be read.
 */
export async function chooseFastest(
  model: OpenModel,
  recipe: Recipe,
  calibration: Calibration,
  dataset: Dataset,
  runtime: Runtime,
  context: JobContext,
): Promise<{ readonly choices: Choices; readonly trial: SpeedTrial }> {
  const sample = await firstReadable(dataset, 0, dataset.length);
  const sessions: Session[] = [];
  const open = async (file: Parameters<typeof runnable>[0], what: string) => {
    sessions.push(await loadSession(runtime, runnable(file), { threads: 1 }, what));
  };
  try {
    await open(model.original, "The float model");
    const rivals: (SpeedCandidate & { readonly isFloat: boolean })[] = [];
    const seen = new Set<string>();
    for (const candidate of speedCandidates(planModel(model, recipe), recipe)) {
      context.signal.throwIfAborted();
      const made = resolved(model, withSettings(recipe, candidate.choices), calibration);
      const plan = planModel(model, made);
      if (rivals.length > 0 && !quantizesAnything(plan)) continue;
      const forms = plan.layers.map(({ reason }) => (reason ? reason.code === "recipe-stored" : "integer"));
      const key = JSON.stringify(forms);
      if (seen.has(key)) continue;
      seen.add(key);
      await open(quantizeModel(model, made).model, "The quantized model");
      rivals.push({ ...candidate, isFloat: !forms.includes("integer") });
    }
    const [float = [], ...times] = await timeInTurn(sessions, sample.feeds, context);
    const timed = rivals.map((rival, at): Timed => {
      const ratios = times[at]?.map((time, round) => time / (float[round] as number)) ?? [];
      return { ...rival, ratios, least: Math.min(...(times[at] ?? [])) / Math.min(...float) };
    });
    const chosen = quickest(timed);
    const candidates = timed.map(({ name, ratios }, at) => ({
      name,
      milliseconds: quantile(times[at] ?? [], 0.5),
      ofFloat: quantile(ratios, 0.5),
    }));
    return {
      choices: chosen.choices,
      trial: {
        float: quantile(float, 0.5),
        candidates: candidates.sort((a, b) => a.ofFloat - b.ofFloat),
        written: chosen.name,
        computedInFloat: chosen.isFloat,
        runs: float.length,
        threads: 1,
        runtime: runtime.label,
      },
    };
  } finally {
    await Promise.all(sessions.map((session) => session.dispose()));
  }
}

/** Without what takes samples and no time at run time. */
function resolved(model: OpenModel, recipe: Recipe, calibration: Calibration): Recipe {
  const plain: Recipe = { ...recipe, biases: null, corrections: { ...recipe.corrections, bias: "none" } };
  const { groups } = planModel(model, plain);
  return { ...plain, resolved: Object.fromEntries(resolveRanges(groups, calibration.statistics, plain)) };
}

/**
 * The quickest of those in integers that are surely faster than the float model, the recipe as it is unless another is clearly
 * quicker; where there is none, the one that computes in float, unless that is clearly slower than the float model.
 */
function quickest(timed: readonly Timed[]): Timed {
  const faster = timed.filter(
    ({ isFloat, ratios, least }) => !isFloat && least < FASTER && medianInterval(ratios)[1] < FASTER,
  );
  if (faster.length === 0) {
    const float = timed.find(({ isFloat }) => isFloat);
    return float && CLEAR_GAIN * typical(float) <= 1 ? float : fastest(timed);
  }
  const best = fastest(faster);
  const own = faster.find(isUnchanged);
  return own && typical(best) >= CLEAR_GAIN * typical(own) ? own : best;
}

function fastest(timed: readonly Timed[]): Timed {
  return timed.reduce((one, other) => (typical(other) < typical(one) ? other : one));
}

function isUnchanged({ choices }: Timed): boolean {
  return Object.keys(choices).length === 0;
}

function typical({ ratios }: Timed): number {
  return quantile(ratios, 0.5);
}

/** What was decided where nothing in integers is faster than the float model, to be said first. */
export function speedNotice(trial: SpeedTrial, subject: string): Notice | null {
  const { float, candidates, written, computedInFloat, threads, runtime, runs } = trial;
  const own = candidates.find(({ name }) => name === written);
  if (!own) return null;
  const where = `one sample, ${plural(threads, "thread")}, ${runs} rounds, ${runtime}`;
  if (computedInFloat) {
    const [best] = candidates.filter(({ name }) => name !== written);
    const against = best
      ? ` against ${significant(best.milliseconds)} ms of the fastest that computes in integers`
      : "";
    const message = `Integers are not surely faster than float here, ${significant(float)} ms a run${against} (${where}): what is written computes in float and keeps its weights in 8 bits, ${significant(own.milliseconds)} ms.`;
    return { kind: "warning", subject, message };
  }
  if (own.ofFloat * CLEAR_GAIN <= 1) return null;
  const message = `The float model is faster here, ${significant(float)} ms a run against ${significant(own.milliseconds)} ms of the fastest that is quantized (${where}): keep it where speed is what counts; what is written is the fastest quantized one.`;
  return { kind: "warning", subject, message };
}

/** Throws InputError for a recipe that cannot be timed for speed. */
export function assertTimeable(recipe: Recipe): void {
  const { isHere, name } = targetOf(recipe);
  if (!isHere) {
    throw new InputError(
      `--goal speed times models on this machine, and ${name} runs elsewhere; leave it out, or choose another target.`,
    );
  }
  if (takesRanges(recipe) && weightTypesOf(recipe.weights).every((type) => type === "int8")) return;
  throw new InputError(
    "Weights alone, and weights in int4, are computed in float and never faster for it; leave --goal speed out, or quantize activations too, with weights in int8.",
  );
}
