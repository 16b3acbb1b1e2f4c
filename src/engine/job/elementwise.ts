import { seesSeldom, wasSeldom } from "../calibration/seldom.ts";
import { resolveRanges } from "../encode/ranges.ts";
import type { Calibration } from "../model/calibration.ts";
import type { Dataset } from "../model/dataset.ts";
import type { ElementwiseDecision } from "../model/elementwise.ts";
import type { JobContext } from "../model/job.ts";
import type { Recipe } from "../model/recipe.ts";
import type { Runtime } from "../model/runtime.ts";
import { elementwiseCost } from "../plan/cost.ts";
import { multiplications } from "../plan/multiplications.ts";
import { type Region, regionsOf } from "../plan/regions.ts";
import { chooseCostly, MOST_RELIEVED, POOR_DB } from "../tuning/costly.ts";
import { chooseJoined, type Measured, MOST_MEASURED, type Share, sharesOf } from "../tuning/joining.ts";
import { type OpenModel, planModel } from "./open.ts";
import { OutputJudge, type OutputNoise } from "./outputJudge.ts";
import { quantizesAnything } from "./quantize.ts";

/** All sets are measured on the same samples; large models on fewer of them, by the values they compute. */
const MANY = { most: 32, least: 8, values: 2 ** 28 };
const FEW = { most: 8, least: 4, values: 2 ** 26 };

/** The layers without weights that a recipe would quantize, by region, whatever was decided of them. */
export function undecidedRegions(model: OpenModel, recipe: Recipe): readonly Region[] {
  return regionsOf(planModel(model, { ...recipe, elementwise: "auto", unjoined: [] }));
}

/**
 * Decides which layers without weights join the integer layers around them: those that stay in float are `unjoined` of a
 * recipe. By the outputs on the first samples (by what goes into the Softmax of those that are probabilities), biases not corrected, and by the target's table of what kernels take:
 * docs/elementwise.md. Where the worst output is poor all the same, so are layers with weights that cost it much and multiply
 * little. Throws InputError as quantizing does, and when no sample can be read.
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
  const plain: Recipe = { ...recipe, biases: null, rounding: null, elementwise: "auto" };
  const { seed: _, ...others } = recipe.weights;
  const weights = { ...others, rounding: "nearest" } as const;
  const under = (unjoined: readonly string[]): Recipe => ({ ...plain, weights, unjoined });
  if (!quantizesAnything(planModel(model, under(every)))) {
    return { unjoined: [], joined: every, samples: 0, sqnr: null, costly: null };
  }

  const sizeOf = sizes(calibration);
  const judge = await OutputJudge.open(
    model,
    dataset,
    Math.min(samples, samplesFor(MANY, calibration)),
    runtime,
    context,
  );
  const few = samplesFor(FEW, calibration);
  let done = 0;
  let task = { task: "Deciding what joins", total: MOST_MEASURED };
  const measure = (unjoined: readonly string[], on: number) => {
    context.signal.throwIfAborted();
    context.report({ ...task, done: done++, unit: "models" });
    const candidate = under(unjoined);
    const { groups } = planModel(model, candidate);
    const resolved = Object.fromEntries(resolveRanges(groups, calibration.statistics, candidate));
    return judge.noise({ ...candidate, resolved }, on);
  };
  const relieve = async (unjoined: readonly string[], { outputs, deciding }: OutputNoise) => {
    const sqnr = worstSqnr(outputs);
    if (sqnr === null || sqnr >= POOR_DB || recipe.weights.granularity === "tensor") return null;
    const counts = multiplications(planModel(model, under(unjoined)), sizeOf);
    const total = [...counts.values()].reduce((sum, count) => sum + count, 0);
    const layers = [...counts].map(([layer, count]) => ({ layer, share: count / total }));
    done = 0;
    task = { task: "Finding costly layers", total: MOST_RELIEVED };
    const found = await chooseCostly(layers, Math.max(...deciding), async (inFloat) => {
      const noise = await measure([...unjoined, ...inFloat], judge.samples);
      return { output: Math.max(...noise.outputs), deciding: Math.max(...noise.deciding) };
    });
    return found && { layers: found.layers, share: found.share, sqnr: worstSqnr([found.output]) };
  };
  if (every.length === 0) {
    const noise = await measure([], judge.samples);
    return { unjoined: [], joined: [], samples: judge.samples, sqnr: null, costly: await relieve([], noise) };
  }

  const costOf = (unjoined: readonly string[]) => elementwiseCost(planModel(model, under(unjoined)), sizeOf);
  const all = costOf([]);
  const shares = sharesOf(regions, (layers) => costOf(layers) - all);
  const noises = new Map<readonly number[], OutputNoise>();
  const { chosen, ...extremes } = await chooseJoined(shares, async (joined, on) => {
    const layers = layersOf(joined);
    const unjoined = every.filter((id) => !layers.has(id));
    const noise = await measure(unjoined, on === "few" ? few : judge.samples);
    noises.set(noise.deciding, noise);
    return noise.deciding;
  });
  const noiseOf = (measured: Measured) => noises.get(measured.noise) as OutputNoise;
  const joined = layersOf(chosen.joined);
  const unjoined = every.filter((id) => !joined.has(id));
  const sqnr = (measured: Measured) => worstSqnr(noiseOf(measured).outputs);
  return {
    unjoined,
    joined: every.filter((id) => joined.has(id)),
    samples: judge.samples,
    sqnr: { decided: sqnr(chosen), joined: sqnr(extremes.all), float: sqnr(extremes.none) },
    costly: await relieve(unjoined, noiseOf(chosen)),
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
    const samples = wasSeldom(seen, observed) ? observed.filter(seesSeldom) : observed;
    return (finite + nan + positiveInfinity + negativeInfinity) / Math.max(1, samples.length);
  };
}

function samplesFor({ most, least, values: bound }: typeof MANY, calibration: Calibration): number {
  const sizeOf = sizes(calibration);
  const values = [...calibration.statistics.keys()].reduce((sum, tensor) => sum + sizeOf(tensor), 0);
  return Math.min(most, Math.max(least, Math.floor(bound / Math.max(1, values))));
}
