import { measureLatency } from "../evaluation/latency.ts";
import { isTokenInput } from "../evaluation/nextTokens.ts";
import { equalizedTensors } from "../graph/equalization.ts";
import type { Calibration } from "../model/calibration.ts";
import type { Culprits } from "../model/culprit.ts";
import { isLabelled } from "../model/dataset.ts";
import { InputError, type JobContext, type Notice } from "../model/job.ts";
import type { Recipe } from "../model/recipe.ts";
import type { Runtime, Session } from "../model/runtime.ts";
import type { Sensitivity } from "../model/sensitivity.ts";
import type { TuneRequest, Tuning } from "../model/tuning.ts";
import { unlearned } from "../recipe/change.ts";
import { targetOf } from "../targets/index.ts";
import { refusalOf } from "../targets/target.ts";
import { type Found, type Measurement, search } from "../tuning/search.ts";
import { Judge } from "../tuning/searchJudge.ts";
import { type Candidate, orderCandidates } from "../tuning/searchOrder.ts";
import { rescueSteps } from "../tuning/searchSteps.ts";
import { assertTakesCodes } from "./codesOnly.ts";
import type { OpenDataset } from "./data.ts";
import { Diagnostician } from "./diagnose.ts";
import { assertSearchable } from "./learned.ts";
import { type OpenModel, planModel, summarizeModel } from "./open.ts";
import { assertRecipeFor, quantizeModel, quantizesAnything } from "./quantize.ts";
import { firstReadable, halfOf } from "./samples.ts";
import { sensitivity } from "./sensitivity.ts";
import { loadQuantized, quickestSession } from "./session.ts";
import { settle } from "./settle.ts";
import { outputsShapedByData, quantizedFile, referenceFile, standInsOf } from "./standIns.ts";
import { storedErrors } from "./storedErrors.ts";
import { walk } from "./walk.ts";

export { type Step, stepsTo } from "../tuning/searchChain.ts";

/** Samples that the order of layers is measured on: it needs to be roughly right, since every step is verified. */
const ORDER_SAMPLES = 16;

/** What a search leaves: what was found, and for the recipe on offer the calibration that belongs to it. */
export interface TuneResult {
  readonly tuning: Tuning;
  readonly calibration: Calibration;
}

/**
 * Searches for the smallest (or fastest) model that keeps a limit, from a recipe on: see docs/tuning.md. Of the first
 * `request.samples` samples the first half calibrates and teaches the corrections, the second judges; no others are
 * read. `onPoint` brings what is known after every point. Cancelled after the first point, it gives what it has.
 * Throws InputError when the recipe is another model's, there are too few samples, or the limit has nothing to go by: no
 * labels, no class scores, no scores for next tokens, or outputs that mean nothing in the float model.
 */
export async function tune(
  model: OpenModel,
  recipe: Recipe,
  dataset: OpenDataset,
  request: TuneRequest,
  runtime: Runtime,
  context: JobContext,
  onPoint: (tuning: Tuning) => void,
): Promise<TuneResult> {
  const start = performance.now();
  const seconds = () => (performance.now() - start) / 1000;
  assertTakesCodes(recipe, "A search for a smaller or faster model");
  assertSearchable(recipe);
  assertRecipeFor(model, recipe);
  const { floats, name } = targetOf(recipe);
  if (floats === "never" && !request.rescue) {
    throw new InputError(`A search leaves layers in float, and ${name} takes none; choose another target.`);
  }
  const split = splitOf(request, dataset, model.open.some(isTokenInput));
  const sample = await firstReadable(dataset, split.judgement[0], split.judgement[1] - split.judgement[0]);
  const standIns = standInsOf(model);
  const file = referenceFile(model, standIns);
  const { session, threads } = await quickestSession(runtime, file, sample, "The float model");
  try {
    const judge = await Judge.over(session, dataset, split.judgement, context, undefined, outputsShapedByData(model));
    const tuningOf = (found: Found): Tuning => ({
      request,
      split,
      judged: { samples: judge.samples, labelled: judge.labelled, ...(standIns.length > 0 && { by: standIns }) },
      executor: { runtime: runtime.label, threads },
      bytes: { float: model.bytes },
      ...found,
      ...(bench.firstCulprits && { culprits: bench.firstCulprits }),
      seconds: seconds(),
    });
    const bench = new Bench({
      model,
      dataset,
      request,
      runtime,
      threads,
      context,
      judge,
      float: session,
      split,
      standIns,
    });
    const found = await search(unlearned(recipe), request, {
      measure: (wanted, label, ahead) => bench.measure(wanted, label, ahead),
      layers: planModel(model, recipe).layers.length,
      order: (settled) => bench.order(settled),
      rescue: async (settled) => rescueSteps(await bench.culprits(settled)),
      onPoint: (partial) => onPoint(tuningOf(partial)),
      sampleShare: judge.labelled > 0 ? 1 / judge.labelled : 0,
      signal: context.signal,
      seconds,
    });
    const tuning = tuningOf(found);
    return { tuning, calibration: bench.calibrationOf(tuning.points[tuning.best]!.recipe) };
  } finally {
    await session.dispose();
  }
}

/** Halves the first samples; the first half is the larger, but for whole sequences. */
function splitOf({ samples, limit }: TuneRequest, dataset: OpenDataset, hasTokens: boolean): Tuning["split"] {
  const end = Math.min(samples, dataset.length);
  const half = halfOf(end, dataset);
  if (end < 2) {
    throw new InputError("A search needs two samples or more: one half calibrates and the other judges; add data.");
  }
  if (limit.kind === "drop" && !hasTokens && !isLabelled(dataset.labels, half, end)) {
    throw new InputError(
      `None of the samples ${half} to ${end - 1}, which judge, has a label, so no drop of top-1 can be measured; give labels, or a limit in dB.`,
    );
  }
  return { calibration: [0, half], judgement: [half, end] };
}

function unjudged([silence]: readonly Notice[]): InputError {
  return new InputError(
    silence
      ? `No drop of top-1 can be measured. ${silence.message}`
      : "The model has no output of class scores, one with exactly one axis longer than 1, and labels for it, nor scores for the next of its tokens that mean something in the float model, so neither top-1 nor perplexity can be measured; give a limit in dB.",
  );
}

/** Whether a recipe is one that its target takes, leaves something to quantize and asks for no equalization where no two layers allow it. */
function isPossible(model: OpenModel, recipe: Recipe): boolean {
  if (refusalOf(targetOf(recipe), recipe) !== null) return false;
  if (!quantizesAnything(planModel(model, recipe))) return false;
  return !recipe.corrections.equalization || equalizedTensors(model.folded).length > 0;
}

interface BenchParts {
  readonly model: OpenModel;
  readonly dataset: OpenDataset;
  readonly request: TuneRequest;
  readonly runtime: Runtime;
  readonly threads: number;
  readonly context: JobContext;
  readonly judge: Judge;
  readonly float: Session;
  readonly split: Tuning["split"];
  /** What is compared in place of outputs. */
  readonly standIns: readonly string[];
}

/** Measures recipes, each on the model that it exports. What equalized and other recipes share is learned once. */
class Bench {
  readonly #parts: BenchParts;
  readonly #learned = new Map<boolean, Pick<Recipe, "factors" | "smoothed"> & { readonly calibration: Calibration }>();
  readonly #diagnostician: Diagnostician;
  #measured = 0;
  /** What costs the outputs how much under the recipe that was measured last. */
  #costs: { readonly of: Recipe; readonly sensitivity: Sensitivity | null } | null = null;
  #culprits: Culprits | null = null;
  #ahead = 0;

  constructor(parts: BenchParts) {
    this.#parts = parts;
    this.#diagnostician = new Diagnostician(parts.model);
  }

  get firstCulprits(): Culprits | null {
    return this.#culprits;
  }

  async measure(wanted: Recipe, label: string, ahead: number): Promise<Measurement | null> {
    const { model, dataset, runtime, split, request } = this.#parts;
    if (this.#measured > 0 && !isPossible(model, wanted)) return null;
    this.#ahead = ahead;
    const context = this.#within(`${++this.#measured}: ${label}`, this.#measured - 1);
    const { equalization } = wanted.corrections;
    const known = this.#learned.get(equalization);
    const { recipe, calibration } = await settle(
      model,
      { ...wanted, factors: known?.factors ?? null, ...(known?.smoothed && { smoothed: known.smoothed }) },
      dataset,
      { samples: split.calibration[1], calibration: known?.calibration ?? null },
      { main: runtime, accelerator: null },
      context,
    );
    this.#learned.set(equalization, { calibration, factors: recipe.factors, smoothed: recipe.smoothed });
    const quantized = quantizeModel(model, recipe);
    const { file, named } = quantizedFile(model, recipe, quantized, this.#parts.standIns);
    const session = named(await loadQuantized(runtime, file, { threads: this.#parts.threads }));
    try {
      const { sqnr, top1, perplexity, expected, notices } = await this.#parts.judge.judge(session, context);
      if (request.limit.kind === "drop" && !top1 && !perplexity) throw unjudged(notices);
      return {
        recipe,
        bytes: quantized.bytes,
        floatLayers: quantized.plan.layers.filter(({ precision }) => precision === "float32").length,
        sqnr,
        top1,
        perplexity,
        expected,
        latency: request.goal === "latency" ? await this.#latency(session, context) : null,
      };
    } finally {
      await session.dispose();
    }
  }

  async order(settled: Recipe): Promise<readonly Candidate[]> {
    const { model, dataset, runtime, request, threads } = this.#parts;
    if (targetOf(settled).floats === "never") return [];
    const costs = await this.#costsOf(settled);
    await this.culprits(settled);
    const context = this.#within("the order of layers", this.#measured);
    const samples = this.#orderSamples;
    const stored = await storedErrors(model, settled, dataset, { samples }, { runtime, threads }, context);
    return orderCandidates([...(costs?.layers ?? []), ...stored], summarizeModel(model, settled), request.goal);
  }

  /** The one list of culprits under a settled recipe, measured on samples that calibrate. */
  async culprits(settled: Recipe): Promise<Culprits> {
    const { model, dataset, runtime } = this.#parts;
    const measured = await this.#costsOf(settled);
    const walked = measured
      ? await walk(
          model,
          settled,
          dataset,
          { samples: measured.samples },
          runtime,
          this.#within("where error enters", this.#measured),
        )
      : null;
    const seen = this.calibrationOf(settled);
    const { culprits } = (await this.#diagnostician.diagnose(settled, seen, { sensitivity: measured, walk: walked }))!;
    this.#culprits ??= culprits;
    return culprits;
  }

  get #orderSamples(): number {
    return Math.min(ORDER_SAMPLES, this.#parts.split.calibration[1]);
  }

  /** What each layer costs under a settled recipe; null where none multiplies in integers. Measured once. */
  async #costsOf(settled: Recipe): Promise<Sensitivity | null> {
    const { model, dataset, runtime } = this.#parts;
    if (this.#costs?.of === settled) return this.#costs.sensitivity;
    const isInteger = planModel(model, settled).layers.some(({ reason }) => reason === null);
    const wanted = { samples: this.#orderSamples, untilSettled: true };
    const context = this.#within("the order of layers", this.#measured);
    const measured = isInteger
      ? await sensitivity(model, settled, dataset, wanted, runtime, context, () => undefined)
      : null;
    this.#costs = { of: settled, sensitivity: measured };
    return measured;
  }

  /** What observed the float model as a recipe that was measured has it. */
  calibrationOf({ corrections }: Recipe): Calibration {
    return this.#learned.get(corrections.equalization)!.calibration;
  }

  async #latency(session: Session, context: JobContext): Promise<number> {
    const { dataset, split, float } = this.#parts;
    const [first, end] = split.judgement;
    const { feeds } = await firstReadable(dataset, first, end - first);
    return (await measureLatency(float, session, feeds, context)).quantized.p50;
  }

  /** Reports how many models are measured, of about how many, and what a part of the search does as that part's. */
  #within(what: string, done: number): JobContext {
    const { signal, report } = this.#parts.context;
    const total = this.#measured + this.#ahead;
    const whole = { task: "Searching", done, total, unit: "models" };
    return {
      signal,
      report: (progress) => report({ ...whole, part: { ...progress, task: `${what}, ${progress.task}` } }),
    };
  }
}
