import { expect, test } from "vitest";
import type { LayerSensitivity, OutputErrors, Sensitivity } from "../../engine/model/sensitivity.ts";
import { figuresOf } from "./figures.ts";

const errors = (sqnr: number, mse: number, cosine: number, kl: number | null = null): OutputErrors => ({
  ...{ sqnr, mse, cosine, kl },
  drop: null,
});
const layer = (id: string, alone: OutputErrors) => ({ layer: id, alone }) as LayerSensitivity;
const result = {
  layers: [
    layer("a", errors(15, 0.4, 0.9, 0.02)),
    layer("b", errors(75, 0.1, 0.99)),
    layer("c", errors(-3, 0, Number.NaN)),
    layer("d", errors(Number.POSITIVE_INFINITY, 0.2, 1)),
  ],
} as unknown as Sensitivity;
const shares = (metric: "sqnr" | "mse" | "cosine" | "kl") =>
  [...figuresOf(result, metric)].map(([id, { share }]) => [id, Number(share.toFixed(3))]);

test("an SQNR fills the bar between 60 dB and 0 dB, whatever the other layers are", () => {
  expect(shares("sqnr")).toEqual([
    ["a", 0.75],
    ["b", 0],
    ["c", 1],
    ["d", 0],
  ]);
});

test("other metrics take their share of the worst layer's; what was not measured has no figure", () => {
  expect(shares("mse")).toEqual([
    ["a", 1],
    ["b", 0.25],
    ["c", 0],
    ["d", 0.5],
  ]);
  expect(shares("cosine")).toEqual([
    ["a", 1],
    ["b", 0.1],
    ["d", 0],
  ]);
  expect(shares("kl")).toEqual([["a", 1]]);
});
