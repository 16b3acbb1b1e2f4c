import { isStored } from "../model/reason.ts";
import type { ModelSummary } from "../model/summary.ts";
import type { TuneRequest } from "../model/tuning.ts";
import { OPERATORS } from "../operators/index.ts";
import { floatCost } from "../values/codes.ts";
import { elementCount } from "../values/dims.ts";

/** A layer that may be moved to another precision, and what that is estimated to cost. */
export interface Candidate {
  readonly layer: string;
  /** Bytes that it grows by in float, or multiply-adds that are then done in float: after the goal. */
  readonly cost: number;
  /** Whether it has weights, which may be kept in fewer bits. */
  readonly hasWeights: boolean;
}

/**
 * The quantized layers by what each regains for what it costs in float, most first: the power of the error that the
 * outputs have when this layer alone is quantized, relative to theirs (such powers add up, decibels do not), per byte or
 * multiply-add. It does not go by what is regained when all but this layer are quantized: learned biases make up for the
 * error of every layer, and would be wrong for one that has none. A layer that costs nothing counts as the cheapest that
 * costs something. Ties keep the order of the graph.
 */
export function orderCandidates(
  layers: readonly { readonly layer: string; readonly alone: { readonly sqnr: number } }[],
  summary: Pick<ModelSummary, "layers" | "activations">,
  goal: TuneRequest["goal"],
): Candidate[] {
  const costs = costsOf(summary, goal);
  const weighted = new Set(summary.layers.flatMap(({ id, parameters }) => (parameters > 0 ? [id] : [])));
  const least = [...costs.values()].reduce((low, cost) => (cost > 0 ? Math.min(low, cost) : low), Infinity);
  const floor = Number.isFinite(least) ? least : 1;
  return layers
    .filter(({ layer }) => costs.has(layer))
    .map(({ layer, alone }) => {
      const cost = costs.get(layer)!;
      return { layer, cost, worth: 10 ** (-alone.sqnr / 10) / Math.max(cost, floor) };
    })
    .sort((a, b) => b.worth - a.worth)
    .map(({ layer, cost }) => ({ layer, cost, hasWeights: weighted.has(layer) }));
}

/** What each quantized layer costs in float, by its id. */
function costsOf({ layers, activations }: Pick<ModelSummary, "layers" | "activations">, goal: TuneRequest["goal"]) {
  const dims = new Map(activations.map((activation) => [activation.name, activation.dims]));
  return new Map(
    layers
      .filter(({ precision }) => precision !== "float32")
      .map(({ id, operator, parameters, outputs, precision, reason }) => {
        if (goal === "size") return [id, floatCost(precision) * parameters];
        if (reason && isStored(reason)) return [id, 0];
        const shape = dims.get(outputs[0] ?? "") ?? [];
        const elements = elementCount(shape);
        const weighted = OPERATORS.get(operator);
        const axis = weighted?.kind === "weighted" ? weighted.outputAxis : -1;
        const channels = shape.at(axis) ?? 1;
        return [id, parameters > 0 ? (parameters * elements) / channels : elements];
      }),
  );
}
