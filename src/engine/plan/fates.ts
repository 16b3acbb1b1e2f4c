import { reasonText } from "../model/reason.ts";
import type { LayerFate } from "../model/targetFit.ts";
import { isDefaultDomain } from "../onnx/opset.ts";
import type { DataType } from "../values/elementTypes.ts";
import { integerAnyway } from "./integerAnyway.ts";
import { floatKernels } from "./kernels.ts";
import type { LayerPlan, QuantizationPlan } from "./plan.ts";

type Types = ReadonlyMap<string, DataType | "other">;

/** What becomes of each layer of a plan on its target. Layers that make no floats, such as shapes, compute in integers anyway. */
export function fatesOf(plan: QuantizationPlan, types: Types): LayerFate[] {
  const stored = new Set(floatKernels(plan));
  const anyway = integerAnyway(plan, types);
  return plan.layers.map((layer) => ({
    layer: layer.id,
    operator: layer.operator,
    ...(anyway.has(layer.id) ? INTEGER : fateOf(layer, plan, types, stored)),
  }));
}

const INTEGER = { fate: "integer", why: null } as const;

function fateOf(
  { id, operator, node, reason, outputs }: LayerPlan,
  { target }: QuantizationPlan,
  types: Types,
  stored: ReadonlySet<string>,
): Pick<LayerFate, "fate" | "why"> {
  const isKnown = isDefaultDomain(node.domain) && (target.kernels?.has(operator) ?? true);
  const elsewhere = { fate: target.without, why: `${target.name} has no kernel for ${operator}` };
  if (!outputs.some((name) => types.get(name)?.startsWith("float"))) return INTEGER;
  if (reason === null || reason.code === "kept") {
    if (!stored.has(id)) return INTEGER;
    if (!isKnown) return elsewhere;
    return { fate: "float", why: "stored in fewer bits and computed in float" };
  }
  const why = reasonText(reason);
  if (target.floats === "never") return { fate: "not accepted", why };
  if (target.floats === "where it must") return { fate: target.without, why };
  return isKnown ? { fate: "float", why } : elsewhere;
}
