import { InputError, type JobContext, type Notice } from "../model/job.ts";
import type { Origin, StoredActivation } from "../model/quantizedFile.ts";
import type { GivenInputs, Recipe } from "../model/recipe.ts";
import type { Runtime } from "../model/runtime.ts";
import { keptRange } from "../numerics/affine.ts";
import { GraphIndex } from "../onnx/graph.ts";
import { alterationOf, type MovedWeights } from "../quantized/altered.ts";
import { limitsOf } from "../quantized/constant.ts";
import type { Matched } from "../quantized/match.ts";
import { plural } from "../values/figures.ts";
import { percent } from "../values/shares.ts";
import { type ClipBounds, type Clipping, clippingOf, countingOf } from "./clipping.ts";
import { defaultRecipe, type OpenModel, openModel, summarizeModel } from "./open.ts";
import { recipeDigest } from "./origin.ts";
import { type OpenQuantized, readQuantized } from "./readQuantized.ts";
import { activationsIn, givenGraph, matchQuantized } from "./recoverRecipe.ts";
import type { ModelSource } from "./source.ts";

/** What to count by, null where nothing tells it, and why not where a file has ranges that are not counted by. */
export interface StoredClipping {
  readonly clipping: Clipping | null;
  readonly notices: readonly Notice[];
}

const NOTHING: StoredClipping = { clipping: null, notices: [] };

/**
 * The float model with counters of what lies outside the ranges that a quantized file says: those of the recipe where the file says that it was made by
 * it, else what is rounded to a code of its own scales without being cut off.
 */
export function clippingBeside(
  model: OpenModel,
  quantized: OpenQuantized,
  matched: Matched,
  recipe: Recipe | null,
): StoredClipping {
  if (recipe && isMadeBy(quantized.file.origin, recipe) && isOf(model, quantized.file.origin, recipe)) {
    return { clipping: clippingOf(model, recipe), notices: [] };
  }
  return clippingOfStored(model, quantized, matched);
}

/**
 * The same of files that are not open. `recipe` is the one that may have made the file, `inputs` what is said of the float model's inputs where it did not.
 * Nothing where the float model does not open so.
 */
export async function clippingOfFiles(
  { float, quantized, origin }: { float: ModelSource; quantized: ModelSource; origin: Origin | null },
  { recipe, inputs }: { recipe: Recipe | null; inputs: GivenInputs },
  runtime: Runtime,
  context: JobContext,
): Promise<StoredClipping> {
  try {
    if (recipe && isMadeBy(origin, recipe)) {
      const model = await openModel(float, recipe.inputs, runtime, context);
      if (isOf(model, origin, recipe)) return { clipping: clippingOf(model, recipe), notices: [] };
    }
    const model = await openModel(float, inputs, runtime, context);
    const opened = await readQuantized(quantized);
    return clippingOfStored(model, opened, matchQuantized(model, opened));
  } catch (error) {
    if (error instanceof InputError) return NOTHING;
    throw error;
  }
}

function isMadeBy(origin: Origin | null, recipe: Recipe): boolean {
  return origin?.recipe === recipeDigest(recipe);
}

function isOf({ sha256, generation }: OpenModel, origin: Origin | null, { preparation }: Recipe): boolean {
  return sha256 === origin?.source && generation === preparation;
}

/** Nothing where the file has no scale of a float tensor: it is dynamic, has weights alone, or is of another model. */
function clippingOfStored(model: OpenModel, quantized: OpenQuantized, matched: Matched): StoredClipping {
  const stored = activationsIn(quantized.layers, matched);
  const summary = summarizeModel(model, {
    ...defaultRecipe(model),
    elementwise: "join",
    corrections: { equalization: false, bias: "none" },
  });
  const index = new GraphIndex(model.folded.graph!);
  const fused = new Set(matched.fused.map(({ float }) => float));
  // A range after a Relu that the file has no layer for may stand at what the Relu reads, and cuts off there what it takes away anyway.
  const isClamped = (tensor: string) => index.uses(tensor).some(({ node }) => fused.has(index.id(node)));
  const bounds = new Map<string, ClipBounds>();
  for (const { id, members } of summary.groups) {
    const known = new Set<string>();
    for (const tensor of new Set([id, ...members])) {
      const activation = stored.get(tensor);
      const found = activation && boundsOf(activation);
      const isCounted = found && model.types.get(tensor) === "float32" && !isClamped(tensor);
      if (!isCounted || known.has(`${found.range.low} ${found.range.high}`)) continue;
      known.add(`${found.range.low} ${found.range.high}`);
      bounds.set(tensor, found);
    }
  }
  if (bounds.size === 0) return NOTHING;
  const subject = quantized.file.name;
  const { why, notices } = likeness(model, quantized, matched);
  if (why === null) return { clipping: countingOf(model.observed, bounds, summary), notices };
  const recipe = quantized.file.origin ? " Give the recipe that it was made by." : "";
  const message = `What its clip ranges cut off was not counted, since they may be for other values than the float model's: ${why}.${recipe}`;
  return { clipping: null, notices: [{ kind: "info", subject, message }] };
}

/** What the codes stand for, and what rounds to one of them without being cut off. */
function boundsOf({ range, scale, type }: StoredActivation): ClipBounds | null {
  if (!range || scale === null) return null;
  return { range, kept: limitsOf(type ?? "") ? keptRange(range, scale) : range };
}

/** Why what the file calls like a tensor of the float model may be other values; null where nothing tells so, and what is told of its weights then. */
function likeness(model: OpenModel, { file, layers }: OpenQuantized, matched: Matched) {
  const none: readonly Notice[] = [];
  const told = matched.notices.find(({ kind }) => kind === "warning");
  if (told) return { why: told.message.replace(/\.$/, ""), notices: none };
  const found = alterationOf(layers, matched.matches, model.folded.graph!, givenGraph(model));
  const { altered } = found;
  if (altered) {
    const why = `the weight of ${altered.stored} is not that of ${altered.float}, rounded, but scaled channel by channel, trained on, or of another shape`;
    return { why, notices: none };
  }
  const message = movedText(found.layers);
  return { why: null, notices: message === null ? none : [{ kind: "info", subject: file.name, message } as const] };
}

/** In a sentence, how many weights rounding to one of the two codes beside them does not explain; null where there are none. */
function movedText(layers: readonly MovedWeights[]): string | null {
  const moved = layers.filter((layer) => layer.moved > 0);
  const [most] = moved.toSorted((one, other) => shareOf([other]) - shareOf([one]));
  if (!most) return null;
  return `${percent(shareOf(layers))} of the weights in codes, in ${moved.length} of ${plural(layers.length, "layer")}, are more than a step from the float ones, most in ${most.match.stored} (${percent(shareOf([most]))}): they were trained on, found on samples, or scaled, so that what its clip ranges cut off of the float model's values may be other than of its own.`;
}

function shareOf(layers: readonly MovedWeights[]): number {
  const sum = (of: (layer: MovedWeights) => number) => layers.reduce((total, layer) => total + of(layer), 0);
  return sum(({ moved }) => moved) / sum(({ values }) => values);
}
