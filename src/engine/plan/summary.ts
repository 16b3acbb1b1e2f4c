import { isStored } from "../model/reason.ts";
import type { Activation, Layer, ModelSummary } from "../model/summary.ts";
import { dimsOf } from "../onnx/tensor.ts";
import { elementCount } from "../values/dims.ts";
import type { DataType } from "../values/elementTypes.ts";
import { floatKernels } from "./kernels.ts";
import type { LayerPlan, QuantizationPlan } from "./plan.ts";

/** The layers, activations, groups and operator counts of a plan, without what belongs to the file. */
export function summarizePlan(
  plan: QuantizationPlan,
  types: ReadonlyMap<string, DataType | "other">,
  dims: ReadonlyMap<string, readonly number[]>,
): Pick<ModelSummary, "layers" | "floatKernels" | "elsewhere" | "activations" | "groups" | "operators" | "parameters"> {
  const { index, groups, groupOf } = plan;
  const activation = (name: string): Activation => {
    const producer = index.producer(name);
    return {
      name,
      producer: producer ? index.id(producer) : null,
      consumers: index.consumers(name).map((node) => index.id(node)),
      dims: dims.get(name) ?? null,
      group: groupOf.get(name) ?? null,
      ...(!producer && plan.half?.ends.has(name) && { isHalf: true as const }),
    };
  };
  const names = [...index.inputs.map(({ name }) => name), ...plan.layers.flatMap(({ outputs }) => outputs)];
  const inner = plan.stored.flatMap(({ layer, inside }) => (inside === null ? [] : [layer]));
  const layers = [...plan.layers.map(toLayer), ...inner];
  return {
    layers,
    ...(plan.half?.type === "bfloat16" && { elsewhere: plan.target.name }),
    floatKernels: [
      ...new Set([
        ...floatKernels(plan),
        ...layers.flatMap(({ id, reason }) => (reason && isStored(reason) ? [id] : [])),
      ]),
    ],
    activations: names.filter((name) => types.get(name) === "float32").map(activation),
    groups,
    operators: countOperators(layers),
    parameters: index.graph.initializer.reduce((sum, initializer) => sum + elementCount(dimsOf(initializer)), 0),
  };
}

function toLayer({ id, operator, inputs, outputs, parameters, weight, precision, reason, wide }: LayerPlan): Layer {
  return { id, operator, inputs, outputs, parameters, weight, precision, reason, ...(wide && { wide }) };
}

function countOperators(layers: readonly Layer[]): ModelSummary["operators"] {
  const counts = new Map<string, { count: number; quantized: number }>();
  for (const { operator, precision } of layers) {
    const entry = counts.get(operator) ?? { count: 0, quantized: 0 };
    entry.count++;
    if (precision !== "float32") entry.quantized++;
    counts.set(operator, entry);
  }
  return [...counts]
    .map(([type, entry]) => ({ type, ...entry }))
    .sort((a, b) => b.count - a.count || (a.type < b.type ? -1 : 1));
}
