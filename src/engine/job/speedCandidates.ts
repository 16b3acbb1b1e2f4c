import type { Recipe } from "../model/recipe.ts";
import { intOf } from "../onnx/attributes.ts";
import { dimsOf } from "../onnx/tensor.ts";
import type { LayerPlan, QuantizationPlan } from "../plan/plan.ts";
import type { Choices } from "../recipe/change.ts";

export interface SpeedCandidate {
  readonly name: string;
  /** What it changes of the recipe; nothing for the first. */
  readonly choices: Choices;
}

/** A Conv that reads fewer channels than integer kernels take at a time. */
const FEW_CHANNELS = 4;

/**
 * The recipe as it is, and what may be faster: other choices of what is quantized, from much to none. Layers that are taken out of
 * integers keep their weights in int8 (docs/quantizer.md, weights of layers that are computed in float). Two may come to the same.
 */
export function speedCandidates(plan: QuantizationPlan, { float }: Recipe): SpeedCandidate[] {
  const weighted = plan.layers.filter(({ reason, weightUse }) => reason === null && weightUse !== null);
  const convolutions = weighted.filter(({ operator }) => operator === "Conv" || operator === "ConvTranspose");
  const depthwise = convolutions.filter(({ node }) => (intOf(node, "group") ?? 1) > 1);
  const first = convolutions.filter((layer) => !depthwise.includes(layer) && readsFew(layer, plan));
  const stored = (layers: readonly LayerPlan[]): Choices => ({
    float: { ...float, stored: [...new Set([...(float.stored ?? []), ...layers.map(({ id }) => id)])] },
  });
  return [
    { name: "as decided", choices: {} },
    { name: "every layer without weights quantized", choices: { elementwise: "join" } },
    { name: "layers with weights alone", choices: { elementwise: "float" } },
    ...(first.length > 0 ? [{ name: "convolutions of few channels in float", choices: stored(first) }] : []),
    ...(depthwise.length > 0 ? [{ name: "depthwise convolutions in float", choices: stored(depthwise) }] : []),
    ...(first.length > 0 && depthwise.length > 0
      ? [
          {
            name: "convolutions of few channels and depthwise ones in float",
            choices: stored([...first, ...depthwise]),
          },
        ]
      : []),
    { name: "all computed in float, weights in 8 bits", choices: { elementwise: "float", ...stored(weighted) } },
    { name: "products alone, convolutions in float", choices: { elementwise: "float", ...stored(convolutions) } },
  ];
}

function readsFew({ weightUse, operator }: LayerPlan, { index }: QuantizationPlan): boolean {
  const weight = operator === "Conv" ? index.initializer(weightUse?.name ?? "") : undefined;
  return weight !== undefined && (dimsOf(weight)[1] ?? 0) <= FEW_CHANNELS;
}
