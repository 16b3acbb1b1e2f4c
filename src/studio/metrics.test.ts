import { expect, test } from "vitest";
import type { LayerSensitivity, OutputErrors } from "../engine/model/sensitivity.ts";
import { errorDigits, errorText, regained, sensitivityText } from "./metrics.ts";

const errors = (sqnr: number, mse = 0.5): OutputErrors => ({ sqnr, mse, cosine: 0.99, kl: null, drop: 0.0125 });

test("what is regained is counted in the direction in which the metric gets better", () => {
  expect(regained(errors(20), errors(23), "sqnr")).toBe(3);
  expect(regained(errors(20, 0.5), errors(23, 0.2), "mse")).toBeCloseTo(0.3);
  expect(regained({ ...errors(1), cosine: 0.9 }, { ...errors(1), cosine: 0.95 }, "cosine")).toBeCloseTo(0.05);
  expect(regained(errors(20), errors(23), "kl")).toBeNull();
});

test("a layer in one line, with or without weights", () => {
  const layer = { weights: errors(30), activations: errors(28), alone: errors(26), without: errors(21.5) };
  const line = sensitivityText({ layer: "conv", ...layer }, errors(20), "sqnr");
  expect(line).toBe("Alone: weights 30.0 dB, activations 28.0 dB, both 26.0 dB; left in float regains 1.50 dB");
  const bare: LayerSensitivity = { layer: "add", ...layer, weights: null };
  expect(sensitivityText(bare, errors(20), "drop")).toBe("Alone: activations 1.25 pt; left in float regains 0 pt");
});

test("figures carry their unit, columns go without", () => {
  expect([errorText(12.345, "sqnr"), errorText(0.25, "kl"), errorText(null, "kl")]).toEqual([
    "12.3 dB",
    "0.250 nat",
    "–",
  ]);
  expect([errorDigits(0.999876, "cosine"), errorDigits(1.234e-7, "mse"), errorDigits(0.5, "drop")]).toEqual([
    "0.9999",
    "1.2e−7",
    "50.0",
  ]);
});
