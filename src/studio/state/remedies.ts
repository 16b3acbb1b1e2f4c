import type { Finding, Remedy } from "../../engine/model/diagnosis.ts";
import type { Range } from "../../engine/model/range.ts";
import type { Recipe } from "../../engine/model/recipe.ts";
import { own } from "../../engine/model/record.ts";
import {
  withActivations,
  withCorrections,
  withFloat,
  withGranularity,
  withGroupDefault,
  withGroupMethod,
} from "./edits.ts";

/**
 * The recipe with a remedy applied. `range` is what a method comes to; without it the engine settles the ranges again.
 */
export function withRemedy(recipe: Recipe, remedy: Remedy, range: Range | null = null): Recipe {
  switch (remedy.kind) {
    case "method": {
      const { group, method } = remedy;
      if (range) return withGroupMethod(recipe, group, method, range);
      const cleared = withGroupDefault(recipe, group);
      return { ...cleared, methods: { ...cleared.methods, [group]: method } };
    }
    case "activations":
      return withActivations(recipe, remedy.activations);
    case "granularity":
      return withGranularity(recipe, remedy.granularity);
    case "equalization":
      return withCorrections(recipe, { equalization: true });
    case "bias":
      return withCorrections(recipe, { bias: remedy.bias });
    case "float":
      return withFloat(recipe, "layers", remedy.layer, true);
  }
}

/** Whether a recipe is as a remedy leaves it. */
export function isApplied(recipe: Recipe, remedy: Remedy): boolean {
  switch (remedy.kind) {
    case "method":
      return own(recipe.methods, remedy.group) === remedy.method && !own(recipe.ranges, remedy.group);
    case "activations":
      return JSON.stringify(recipe.activations) === JSON.stringify(remedy.activations);
    case "granularity":
      return recipe.weights.granularity === remedy.granularity;
    case "equalization":
      return recipe.corrections.equalization;
    case "bias":
      return recipe.corrections.bias === remedy.bias;
    case "float":
      return recipe.float.layers.includes(remedy.layer);
  }
}

/** Findings of one cause with one remedy for the whole model, told once, by the worst of them. */
export interface Complaint {
  readonly finding: Finding;
  /** Layers that have it too. */
  readonly others: readonly string[];
}

/** Worst first, as the findings are. */
export function complaintsOf(findings: readonly Finding[]): readonly Complaint[] {
  const byKey = new Map<string, { finding: Finding; others: string[] }>();
  for (const finding of findings) {
    const known = byKey.get(keyOf(finding));
    if (known) known.others.push(finding.layer);
    else byKey.set(keyOf(finding), { finding, others: [] });
  }
  return [...byKey.values()];
}

function keyOf({ layer, cause, remedy }: Finding): string {
  const edit = remedy?.edit;
  const ofAll = edit && edit.kind !== "method" && edit.kind !== "float";
  return JSON.stringify(ofAll ? [cause, edit] : [cause, layer, edit]);
}

/** Tells one finding from another across diagnoses. */
export function sameFinding(a: Finding, b: Finding): boolean {
  return keyOf(a) === keyOf(b) && a.layer === b.layer;
}
