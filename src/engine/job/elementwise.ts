import { resolveRanges } from "../encode/ranges.ts";
import { Variations } from "../evaluation/variation.ts";
import { widened } from "../evaluation/widened.ts";
import type { Calibration } from "../model/calibration.ts";
import type { Dataset, Sample } from "../model/dataset.ts";
import type { ElementwiseDecision } from "../model/elementwise.ts";
import type { JobContext } from "../model/job.ts";
import type { Recipe } from "../model/recipe.ts";
import type { Runtime, Session } from "../model/runtime.ts";
import type { TensorMap } from "../model/tensor.ts";
import { Comparator } from "../numerics/metrics.ts";
import { elementwiseCost } from "../plan/cost.ts";
import { type Region, regionsOf } from "../plan/regions.ts";
import { chooseJoined, type Measured, MOST_MEASURED, type Share, sharesOf } from "../tuning/joining.ts";
import { type OpenModel, planModel, runnable } from "./open.ts";
import { quantizeModel, quantizesAnything } from "./quantize.ts";
import { firstReadable, readableSamples } from "./samples.ts";
import { loadSession, similarSession } from "./session.ts";

/** All sets are measured on the same samples; large models on fewer of them, by the values they compute. */
const MANY = { most: 32, least: 8, values: 2 ** 28 };
const FEW = { most: 8, least: 4, values: 2 ** 26 };
const MOST_BYTES = 2 ** 27;

/** The layers without weights that a recipe would quantize, by region, whatever was decided of them. */
export function undecidedRegions(model: OpenModel, recipe: Recipe): readonly Region[] {
  return regionsOf(planModel(model, { ...recipe, elementwise: "auto", unjoined: [] }));
}

/**
 * Decides which layers without weights join the integer layers around them: those that stay in float are `unjoined` of a
 * recipe. By the outputs on the first samples, biases not corrected, and by the target's table of what kernels take:
 * docs/elementwise.md. Throws InputError as quantizing does, and when no sample can be read.
 */
export async function decideElementwise(
  model: OpenModel,
  recipe: Recipe,
  calibration: Calibration,
  dataset: Dataset,
  samples: number,
  runtime: Runtime,
  context: JobContext,
): Promise<ElementwiseDecision> {
  const regions = undecidedRegions(model, recipe);
  const every = regions.flatMap(({ layers }) => layers);
  if (every.length === 0) return { unjoined: [], joined: [], samples: 0, sqnr: null };
  const plain: Recipe = { ...recipe, biases: null, rounding: null, elementwise: "auto" };
  const { seed: _, ...others } = recipe.weights;
  const weights = { ...others, rounding: "nearest" } as const;
  const under = (unjoined: readonly string[]): Recipe => ({ ...plain, weights, unjoined });
  if (!quantizesAnything(planModel(model, under(every)))) {
    return { unjoined: [], joined: every, samples: 0, sqnr: null };
  }

  const sizeOf = sizes(calibration);
  const costOf = (unjoined: readonly string[]) => elementwiseCost(planModel(model, under(unjoined)), sizeOf);
  const all = costOf([]);
  const shares = sharesOf(regions, (layers) => costOf(layers) - all);

  const judge = await Judge.open(model, dataset, Math.min(samples, samplesFor(MANY, calibration)), runtime, context);
  const few = samplesFor(FEW, calibration);
  let done = 0;
  const { chosen, ...extremes } = await chooseJoined(shares, async (joined, on) => {
    context.signal.throwIfAborted();
    context.report({ task: "Deciding what joins", done: done++, total: MOST_MEASURED, unit: "models" });
    const layers = layersOf(joined);
    const candidate = under(every.filter((id) => !layers.has(id)));
    const { groups } = planModel(model, candidate);
    const resolved = Object.fromEntries(resolveRanges(groups, calibration.statistics, candidate));
    return judge.noise({ ...candidate, resolved }, on === "few" ? few : judge.samples);
  });
  const joined = layersOf(chosen.joined);
  const sqnr = (measured: Measured) => worstSqnr(measured.noise);
  return {
    unjoined: every.filter((id) => !joined.has(id)),
    joined: every.filter((id) => joined.has(id)),
    samples: judge.samples,
    sqnr: { decided: sqnr(chosen), joined: sqnr(extremes.all), float: sqnr(extremes.none) },
  };
}

function layersOf(shares: ReadonlySet<Share>): ReadonlySet<string> {
  return new Set([...shares].flatMap(({ layers }) => layers));
}

function worstSqnr(noise: readonly number[]): number | null {
  return noise.length === 0 ? null : -10 * Math.log10(Math.max(...noise));
}

/** Values of a tensor in one sample, by what calibration counted; none of what it did not watch. */
function sizes({ statistics, observed }: Calibration): (tensor: string) => number {
  return (tensor) => {
    const seen = statistics.get(tensor);
    if (!seen) return 0;
    const { finite, nan, positiveInfinity, negativeInfinity } = seen;
    return (finite + nan + positiveInfinity + negativeInfinity) / Math.max(1, observed.length);
  };
}

function samplesFor({ most, least, values: bound }: typeof MANY, calibration: Calibration): number {
  const sizeOf = sizes(calibration);
  const values = [...calibration.statistics.keys()].reduce((sum, tensor) => sum + sizeOf(tensor), 0);
  return Math.min(most, Math.max(least, Math.floor(bound / Math.max(1, values))));
}

interface Reference extends Sample {
  readonly expected: TensorMap;
}

/** Measures recipes on the same samples, against what the float model made of them. */
class Judge {
  readonly #model: OpenModel;
  readonly #runtime: Runtime;
  readonly #threads: number;
  readonly #references: readonly Reference[];
  readonly #variations = new Variations();

  private constructor(model: OpenModel, runtime: Runtime, threads: number, references: readonly Reference[]) {
    this.#model = model;
    this.#runtime = runtime;
    this.#threads = threads;
    this.#references = references;
    for (const { expected } of references) this.#variations.add(expected);
  }

  static async open(
    model: OpenModel,
    dataset: Dataset,
    samples: number,
    runtime: Runtime,
    { signal }: JobContext,
  ): Promise<Judge> {
    const file = runnable(model.reference);
    const first = await firstReadable(dataset, 0, samples);
    const { session, threads } = await similarSession(runtime, file, first, "The float model");
    const references: Reference[] = [];
    try {
      let bytes = 0;
      for await (const { sample } of readableSamples(dataset, samples)) {
        signal.throwIfAborted();
        const expected = widened(await session.run(sample.feeds));
        bytes += bytesOf(sample.feeds) + bytesOf(expected);
        if (bytes > MOST_BYTES && references.length > 0) break;
        references.push({ ...sample, expected });
      }
    } finally {
      await session.dispose();
    }
    return new Judge(model, runtime, threads, references);
  }

  get samples(): number {
    return this.#references.length;
  }

  /** Error energy over the output's own, for each float32 output that varies and has as many values in both models. */
  async noise(recipe: Recipe, samples: number): Promise<number[]> {
    const { model } = quantizeModel(this.#model, recipe);
    const options = { threads: this.#threads };
    const session = await loadSession(this.#runtime, runnable(model), options, "The quantized model");
    const outputs = new Map<string, Comparator>();
    try {
      for (const reference of this.#references.slice(0, samples)) await this.#compare(reference, session, outputs);
    } finally {
      await session.dispose();
    }
    return [...outputs.values()].map((comparator) => {
      const { sqnr } = comparator.result();
      return Number.isNaN(sqnr) ? 0 : 10 ** (-sqnr / 10);
    });
  }

  async #compare({ feeds, expected }: Reference, session: Session, outputs: Map<string, Comparator>): Promise<void> {
    const actual = widened(await session.run(feeds));
    for (const [name, { data }] of expected) {
      const other = actual.get(name)?.data;
      if (!(data instanceof Float32Array) || !(other instanceof Float32Array)) continue;
      if (data.length !== other.length || this.#variations.isSilent(name)) continue;
      const comparator = outputs.get(name) ?? new Comparator();
      outputs.set(name, comparator);
      comparator.add(data, other);
    }
  }
}

function bytesOf(tensors: TensorMap): number {
  let bytes = 0;
  for (const { data } of tensors.values()) bytes += data.byteLength;
  return bytes;
}
