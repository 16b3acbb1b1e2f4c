import { describe, expect, it } from "vitest";
import type { LayerSensitivity, OutputErrors } from "../model/sensitivity.ts";
import type { Activation, Layer } from "../model/summary.ts";
import { orderCandidates } from "./searchOrder.ts";

const errors = (sqnr: number): OutputErrors => ({ sqnr, mse: 0, cosine: 1, kl: null, drop: null });
const ALL = errors(10);

function sensitivityOf(id: string, alone: number): LayerSensitivity {
  return { layer: id, weights: null, activations: ALL, alone: errors(alone), without: ALL };
}

function layer(id: string, operator: string, parameters: number, precision: Layer["precision"] = "int8"): Layer {
  return {
    ...{ id, operator, parameters, precision },
    ...{ inputs: [], outputs: [`${id}_out`], weight: null, reason: null },
  };
}

function activation(id: string, dims: readonly number[]): Activation {
  return { name: `${id}_out`, producer: id, consumers: [], dims, group: null };
}

const SUMMARY = {
  layers: [layer("wide", "Conv", 1000), layer("small", "Conv", 100), layer("add", "Add", 0), layer("fc", "Gemm", 500)],
  activations: [
    activation("wide", [1, 10, 2, 2]),
    activation("small", [1, 10, 40, 40]),
    activation("add", [1, 10, 40, 40]),
    activation("fc", [1, 50]),
  ],
};

/** The order of layers by the SQNR that each leaves alone, dB. */
const order = (alone: Record<string, number>, goal: "size" | "latency" = "size", summary = SUMMARY) =>
  orderCandidates(
    Object.entries(alone).map(([id, sqnr]) => sensitivityOf(id, sqnr)),
    summary,
    goal,
  );

describe("layers in the order in which they are left in float", () => {
  it("go by the power of the error that each makes, for each byte", () => {
    expect(order({ wide: 20, small: 20, fc: 20 }).map(({ layer: id }) => id)).toEqual(["small", "fc", "wide"]);
    expect(order({ wide: 20, small: 30.1, fc: 27.1 }).map(({ layer: id }) => id)).toEqual(["wide", "small", "fc"]);
    expect(order({ wide: 3 })).toEqual([{ layer: "wide", cost: 3000, hasWeights: true }]);
  });

  it("count a layer without weights as the cheapest with some", () => {
    expect(order({ small: 20, add: 20.5 }).map(({ layer: id }) => id)).toEqual(["small", "add"]);
    expect(order({ small: 20, add: 19 })).toEqual([
      { layer: "add", cost: 0, hasWeights: false },
      { layer: "small", cost: 300, hasWeights: true },
    ]);
  });

  it("keep the order of the graph where they are equal, and put those that make no error last", () => {
    const twins = { ...SUMMARY, layers: ["a", "b", "c"].map((id) => layer(id, "Conv", 7)) };
    expect(order({ a: 9, b: 9, c: 9 }, "size", twins).map(({ layer: id }) => id)).toEqual(["a", "b", "c"]);
    expect(order({ small: Infinity, add: Infinity, wide: 60, fc: -5 }).map(({ layer: id }) => id)).toEqual([
      "fc",
      "wide",
      "small",
      "add",
    ]);
  });

  it("leave out what is in float already", () => {
    const summary = { ...SUMMARY, layers: [layer("small", "Conv", 100, "float32"), layer("fc", "Gemm", 500)] };
    expect(order({ small: 10, fc: 20 }, "size", summary).map(({ layer: id }) => id)).toEqual(["fc"]);
  });

  it("cost multiply-adds where latency is the goal", () => {
    expect(order({ wide: 20, small: 20, add: 20, fc: 20 }, "latency")).toEqual([
      { layer: "fc", cost: 500, hasWeights: true },
      { layer: "wide", cost: 4000, hasWeights: true },
      { layer: "add", cost: 16000, hasWeights: false },
      { layer: "small", cost: 160000, hasWeights: true },
    ]);
  });
});
