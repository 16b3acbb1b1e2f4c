import type { Dataset } from "../model/dataset.ts";
import { takesRanges } from "../model/format.ts";
import type { JobContext } from "../model/job.ts";
import type { Recipe } from "../model/recipe.ts";
import type { Runtimes } from "../model/runtime.ts";
import { signalToNoise } from "../numerics/decibels.ts";
import { calibrate } from "./calibrate.ts";
import { undecidedRegions } from "./elementwise.ts";
import { equalizedModel, type OpenModel } from "./open.ts";
import { OutputJudge } from "./outputJudge.ts";
import { resolveRecipe } from "./quantize.ts";
import { uncalibrated } from "./uncalibrated.ts";

const SAMPLES = 16;

/** SQNR in dB of the quantized model's worst output, or of what goes into its Softmax, without and with smoothing. */
export interface SmoothedOutputs {
  readonly before: number;
  readonly after: number;
  readonly samples: number;
}

/**
 * What smoothing does to the outputs of the whole model on the first samples, each form calibrated on these, biases not corrected, and layers
 * without weights that are to be decided in float. Null where no output can be compared. Throws InputError as calibrating and quantizing do.
 */
export async function confirmSmoothing(
  model: OpenModel,
  recipe: Recipe,
  smoothed: NonNullable<Recipe["smoothed"]>,
  dataset: Dataset,
  samples: number,
  runtimes: Runtimes,
  context: JobContext,
): Promise<SmoothedOutputs | null> {
  const count = Math.min(samples, SAMPLES);
  const judge = await OutputJudge.open(model, dataset, count, runtimes.main, context);
  const within = (step: number): JobContext => ({
    signal: context.signal,
    report: () => context.report({ task: "Confirming smoothing", done: step, total: 2, unit: "models" }),
  });
  const { seed: _, ...weights } = recipe.weights;
  const measure = async (each: NonNullable<Recipe["smoothed"]>, step: number) => {
    within(step).report({ task: "", done: 0, total: 1, unit: "" });
    const candidate: Recipe = {
      ...recipe,
      smoothed: each,
      weights: { ...weights, rounding: "nearest" },
      corrections: { ...recipe.corrections, bias: "none" },
      ...{ spared: null, resolved: null, rounding: null, biases: null },
    };
    const regions = recipe.elementwise === "auto" ? undecidedRegions(model, candidate) : [];
    const decided = { ...candidate, unjoined: regions.flatMap(({ layers }) => layers) };
    const { preprocess } = recipe;
    const seen = takesRanges(recipe)
      ? await calibrate(
          equalizedModel(model, decided),
          dataset,
          { samples: count, preprocess, resume: null, checkpoint: () => undefined },
          runtimes,
          within(step),
        )
      : uncalibrated(model, decided, recipe);
    const { deciding } = await judge.noise(resolveRecipe(model, decided, seen), judge.samples);
    return deciding.length > 0 ? signalToNoise(1, Math.max(...deciding)) : null;
  };
  const before = await measure({}, 0);
  const after = await measure(smoothed, 1);
  return before !== null && after !== null ? { before, after, samples: judge.samples } : null;
}
