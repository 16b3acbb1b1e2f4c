import type { Range } from "../model/range.ts";
import type { Recipe } from "../model/recipe.ts";
import { own } from "../model/record.ts";
import { affineParameters } from "../numerics/affine.ts";
import type { LayerPlan, QuantizationPlan } from "./plan.ts";

/** The scale of what a planned layer multiplies its weight with; null where that stays in float or has no range yet. */
export function inputScaleOf(
  { node, weightUse }: Pick<LayerPlan, "node" | "weightUse">,
  plan: Pick<QuantizationPlan, "groups" | "groupOf">,
  { resolved, activations }: Pick<Recipe, "resolved" | "activations">,
): number | null {
  const id = weightUse && plan.groupOf.get(node.input[1 - weightUse.input] ?? "");
  if (!id) return null;
  const range: Range | undefined = plan.groups.find((group) => group.id === id)?.fixed ?? own(resolved ?? {}, id);
  return range ? affineParameters(range, activations).scale : null;
}
