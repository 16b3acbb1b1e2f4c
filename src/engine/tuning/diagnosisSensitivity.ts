import type { Finding } from "../model/diagnosis.ts";
import type { Sensitivity } from "../model/sensitivity.ts";
import { dimsOf } from "../onnx/tensor.ts";
import type { LayerPlan, QuantizationPlan } from "../plan/plan.ts";
import { floatCost } from "../values/codes.ts";
import { elementCount } from "../values/dims.ts";
import { plural } from "../values/figures.ts";
import { byteSize, decibel } from "../values/units.ts";
import { LARGEST_LOSS, SENSITIVE_REGAIN } from "./diagnosisThresholds.ts";

/**
 * Layers that, measured, the outputs regain most without, though nothing in `explained` says why. Losses are dB of the
 * outputs' SQNR.
 */
export function sensitiveFindings(
  plan: QuantizationPlan,
  sensitivity: Sensitivity,
  explained: ReadonlySet<string>,
): Finding[] {
  const layers = new Map(plan.layers.map((layer) => [layer.id, layer]));
  return sensitivity.layers.flatMap(({ layer: id, without, alone }) => {
    const layer = layers.get(id);
    const regained = without.sqnr - sensitivity.all.sqnr;
    if (!layer || layer.precision === "float32" || explained.has(id) || !(regained >= SENSITIVE_REGAIN)) return [];
    const bytes = bytesInFloat(layer, plan);
    return [
      {
        layer: id,
        cause: "sensitive",
        sentence: "The outputs suffer from this layer more than its figures explain.",
        figure: `outputs ${decibel(sensitivity.all.sqnr)}, ${decibel(without.sqnr)} with it in float, ${decibel(alone.sqnr)} with only it in ${layer.precision} (measured on ${plural(sensitivity.samples, "sample")})`,
        loss: Math.min(regained, LARGEST_LOSS),
        remedy: {
          edit: { kind: "float", layer: id },
          sentence: `Leave it in float: +${decibel(regained)} at the outputs (measured)${bytes > 0 ? ` for about ${byteSize(bytes)} more` : ""}.`,
        },
      } satisfies Finding,
    ];
  });
}

function bytesInFloat({ weight, precision }: LayerPlan, { index }: QuantizationPlan): number {
  const proto = weight === null ? undefined : index.initializer(weight);
  return proto ? floatCost(precision) * elementCount(dimsOf(proto)) : 0;
}
