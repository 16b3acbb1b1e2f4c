import type { WeightAnalysis } from "../model/analysis.ts";
import { type Part, WorkedBytes } from "../model/deferred.ts";
import type { JobContext } from "../model/job.ts";
import type { Recipe } from "../model/recipe.ts";
import { type Artifact, partsOf } from "./artifact.ts";
import { digestAlong } from "./artifactDigest.ts";
import type { Quantized } from "./quantize.ts";
import { analysePlannedWeight } from "./weights.ts";

/** What looks on while a file is written. */
export interface Onlooker {
  /** Shown the file's bytes in order, each good for the call. */
  readonly passed: (bytes: Uint8Array) => void;
  /** Told of each part once it is written. */
  readonly written: (part: Part) => void;
}

/** Writes a file in parts where it stays until the job ends: what was worked out for it is then read there. */
export type Keep = (artifact: Artifact, context: JobContext, onlooker?: Onlooker) => Promise<void>;

/**
 * Has the files of a result written that would else be worked out each time that they are looked at. Weights are compared with their codes on
 * the way, while both are at hand, and the files' digests taken: the figures of each, by name.
 */
export async function keepWorked(
  { plan, written }: Pick<Quantized, "plan" | "written">,
  recipe: Recipe,
  keep: Keep,
  context: JobContext,
): Promise<Map<string, WeightAnalysis>> {
  const figures = new Map<string, WeightAnalysis>();
  const compare = (part: Part) => {
    const name = part instanceof WorkedBytes ? part.weight : undefined;
    if (name !== undefined) figures.set(name, analysePlannedWeight(plan, name, recipe, { beside: true }));
  };
  for (const file of written.weights ? [written, written.weights] : [written]) {
    if (!partsOf(file).some((part) => part instanceof WorkedBytes)) continue;
    const digest = digestAlong(file);
    await keep(file, context, { passed: digest.update, written: compare });
    digest.end();
  }
  return figures;
}
