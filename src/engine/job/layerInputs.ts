import type { Recipe } from "../model/recipe.ts";
import type { LayerPlan } from "../plan/plan.ts";
import type { Quantized } from "./quantize.ts";
import { layerForm, weightRows } from "./weightRows.ts";

/** The products of a layer's inputs are held as matrices of this many squared; beyond it a layer is rounded to nearest. */
const MOST_INPUTS = 6144;
/** What a weight costs beside the matrix product of an iteration, in multiply-adds. */
const OVERHEAD = 700;

export interface LearnableLayer {
  readonly plan: LayerPlan;
  /** The layer's input, in the float and in the quantized graph. */
  readonly float: string;
  readonly quantized: string;
  /** Its part of all the work. */
  readonly share: number;
}

/** The weights that are quantized and belong to one layer alone, with what each costs as a share of all. */
export function learnableLayers({ plan, rounded }: Quantized, recipe: Recipe): LearnableLayer[] {
  const found = plan.layers.flatMap((layer) => {
    const { reason, weightUse: use, node } = layer;
    if (reason !== null || !use || plan.index.uses(use.name).length !== 1 || !layerForm(layer, plan, [])) return [];
    const rows = weightRows(layer, plan, recipe);
    if (!rows || rows.inputs > MOST_INPUTS) return [];
    const float = node.input[1 - use.input] ?? "";
    const cost = rows.weight.length * (rows.inputs + OVERHEAD);
    return [{ plan: layer, float, quantized: rounded.get(float) ?? float, cost }];
  });
  const whole = found.reduce((sum, { cost }) => sum + cost, 0);
  return found.map(({ cost, ...layer }) => ({ ...layer, share: cost / whole }));
}
