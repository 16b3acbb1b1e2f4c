import type { Dataset } from "../model/dataset.ts";
import type { JobContext } from "../model/job.ts";
import type { Recipe } from "../model/recipe.ts";
import { type Learner, ROUNDING_SAMPLES } from "../model/rounding.ts";
import type { Runtime } from "../model/runtime.ts";
import { findCodes, type LayerCodes } from "./findCodes.ts";
import { findInputScales, type ScaleSearch } from "./findInputScales.ts";
import { type OpenModel, planModel } from "./open.ts";

/** What samples came to for weights in blocks. */
export interface CodeSearch {
  readonly algorithm: "gptq" | "awq";
  /** As the recipe keeps them. */
  readonly inputScales?: Recipe["inputScales"];
  readonly codes: NonNullable<Recipe["codes"]>;
  readonly layers: readonly LayerCodes[];
  /** What scaling inputs came to, where AWQ did; null where not. */
  readonly scaling: Pick<ScaleSearch, "inputs" | "unscaled"> | null;
  readonly samples: number;
  readonly learner: string;
  readonly seconds: number;
}

/**
 * Finds what a recipe asks for of weights in blocks and does not hold: scales of inputs and codes by AWQ, or codes by GPTQ, on the first
 * samples. Throws InputError as these do; rejects with AbortError when it is cancelled.
 */
export async function findOnSamples(
  model: OpenModel,
  recipe: Recipe,
  dataset: Dataset,
  samples: number,
  { runtime, learner }: { readonly runtime: Runtime; readonly learner: Learner },
  context: JobContext,
): Promise<CodeSearch> {
  const start = performance.now();
  const searched = recipe.format === "q4f16" ? inFloat32(model, recipe) : recipe;
  const request = { samples: Math.min(samples, ROUNDING_SAMPLES), halves: searched !== recipe };
  const algorithm = recipe.weights.algorithm === "awq" ? "awq" : "gptq";
  let scaling: ScaleSearch | null = null;
  let { inputScales } = recipe;
  if (algorithm === "awq" && !inputScales) {
    scaling = await findInputScales(model, searched, dataset, request, runtime, learner, context);
    inputScales = scaling.inputScales;
  }
  const found = await findCodes(
    model,
    { ...searched, ...(inputScales !== undefined && { inputScales }) },
    dataset,
    request,
    runtime,
    learner,
    context,
  );
  return {
    algorithm,
    ...(inputScales !== undefined && { inputScales }),
    codes: found.codes,
    layers: found.layers,
    scaling: scaling && { inputs: scaling.inputs, unscaled: scaling.unscaled },
    samples: found.samples,
    learner: learner.label,
    seconds: (performance.now() - start) / 1000,
  };
}

/** A recipe of q4f16 as one of weights alone, whose other layers stay in float: float16 tells samples no more than float32 does. */
function inFloat32(model: OpenModel, recipe: Recipe): Recipe {
  const inBlocks = new Set(
    planModel(model, recipe).layers.flatMap(({ id, ownOperator }) => (ownOperator === "MatMulNBits" ? [id] : [])),
  );
  const { target: _, ...anywhere } = recipe;
  const alone: Recipe = { ...anywhere, format: "weights", spared: {}, resolved: {} };
  const others = planModel(model, alone).layers.flatMap(({ id }) => (inBlocks.has(id) ? [] : [id]));
  return { ...alone, float: { ...recipe.float, layers: [...recipe.float.layers, ...others] } };
}
