import { resolveRanges } from "../encode/ranges.ts";
import type { Calibration } from "../model/calibration.ts";
import type { Dataset } from "../model/dataset.ts";
import { takesRanges } from "../model/format.ts";
import { InputError, type JobContext, type Notice } from "../model/job.ts";
import type { Recipe } from "../model/recipe.ts";
import type { Runtime, Session } from "../model/runtime.ts";
import type { SpeedTrial } from "../model/speed.ts";
import { quantile } from "../numerics/interval.ts";
import { type Choices, withSettings } from "../recipe/change.ts";
import { targetOf } from "../targets/index.ts";
import { significant } from "../values/figures.ts";
import { type OpenModel, planModel, runnable } from "./open.ts";
import { quantizeModel } from "./quantize.ts";
import { firstReadable } from "./samples.ts";
import { loadSession } from "./session.ts";

const WARM_UP_RUNS = 5;
const ROUNDS = 40;
const ROUNDS_MS = 6000;
/** What is not clearly faster than the recipe as it is does not take its place. */
const CLEAR_GAIN = 0.95;

interface Candidate {
  readonly name: string;
  readonly choices: Choices;
}

/** The recipe as it is, and what may be faster: other choices of what is quantized, from much to little. */
function candidatesOf(model: OpenModel, recipe: Recipe): Candidate[] {
  const { float } = recipe;
  const found = new Set(planModel(model, recipe).layers.map(({ operator }) => operator));
  const convolutions = ["Conv", "ConvTranspose"].filter((operator) => found.has(operator));
  const operators = [...new Set([...float.operators, ...convolutions])];
  return [
    { name: "as decided", choices: {} },
    { name: "every layer without weights quantized", choices: { elementwise: "join" } },
    { name: "layers with weights alone", choices: { elementwise: "float" } },
    {
      name: "products alone, convolutions in float",
      choices: { elementwise: "float", float: { ...float, operators } },
    },
  ];
}

/**
 * Times a settled recipe against the float model and against recipes that quantize more or less, in turn, one sample on one
 * thread of this machine, and gives the settings of the quickest: {} where none is clearly faster than the recipe as it is.
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
    const session = await loadSession(runtime, runnable(file), { threads: 1 }, what);
    sessions.push(session);
    return session;
  };
  try {
    const float = await open(model.original, "The float model");
    const rivals: (Candidate & { readonly session: Session })[] = [];
    const seen = new Set<string>();
    for (const candidate of candidatesOf(model, recipe)) {
      context.signal.throwIfAborted();
      const made = resolved(model, withSettings(recipe, candidate.choices), calibration);
      const key = made && JSON.stringify(planModel(model, made).layers.map(({ reason }) => reason === null));
      if (!made || key === null || seen.has(key)) continue;
      seen.add(key);
      rivals.push({ ...candidate, session: await open(quantizeModel(model, made).model, "The quantized model") });
    }
    const times = await inTurn([float, ...rivals.map(({ session }) => session)], sample.feeds, context);
    const medians = times.map((values) => quantile(values, 0.5));
    const [floatTime = 0, own = 0, ...others] = medians;
    const best = Math.min(...others, Infinity);
    const chosen = best < CLEAR_GAIN * own ? rivals[1 + others.indexOf(best)] : rivals[0];
    const candidates = rivals.map(({ name }, at) => ({ name, milliseconds: medians[at + 1] as number }));
    return {
      choices: chosen?.choices ?? {},
      trial: {
        float: floatTime,
        candidates: candidates.sort((a, b) => a.milliseconds - b.milliseconds),
        runs: times[0]?.length ?? 0,
      },
    };
  } finally {
    await Promise.all(sessions.map((session) => session.dispose()));
  }
}

/** Without what takes samples and no time at run time; null where nothing is left to quantize. */
function resolved(model: OpenModel, recipe: Recipe, calibration: Calibration): Recipe | null {
  const plain: Recipe = { ...recipe, biases: null, corrections: { ...recipe.corrections, bias: "none" } };
  const { groups, layers } = planModel(model, plain);
  if (layers.every(({ reason }) => reason !== null)) return null;
  return { ...plain, resolved: Object.fromEntries(resolveRanges(groups, calibration.statistics, plain)) };
}

async function inTurn(
  sessions: readonly Session[],
  feeds: Parameters<Session["run"]>[0],
  { signal, report }: JobContext,
): Promise<number[][]> {
  for (let run = 0; run < WARM_UP_RUNS; run++) for (const session of sessions) await session.run(feeds);
  const times = sessions.map((): number[] => []);
  const start = performance.now();
  for (let round = 0; round < ROUNDS && (round < 3 || performance.now() - start < ROUNDS_MS); round++) {
    signal.throwIfAborted();
    report({ task: "Timing what may be written", done: round, total: ROUNDS, unit: "runs" });
    for (const [at, session] of sessions.entries()) {
      await session.run(feeds);
      times[at]?.push(session.lastRunTime);
    }
  }
  return times;
}

/** Said first where the float model is the fastest of all. */
export function speedNotice({ float, candidates }: SpeedTrial, subject: string): Notice | null {
  const [best] = candidates;
  if (!best || best.milliseconds * CLEAR_GAIN <= float) return null;
  const message = `The float model is faster here, ${significant(float)} ms a run against ${significant(best.milliseconds)} ms of the fastest that is quantized (one sample, one thread): keep it where speed is what counts; what is written is the fastest quantized one.`;
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
  if (takesRanges(recipe) && recipe.weights.type === "int8") return;
  throw new InputError(
    "Weights alone, and weights in int4, are computed in float and never faster for it; leave --goal speed out, or quantize activations too, with weights in int8.",
  );
}
