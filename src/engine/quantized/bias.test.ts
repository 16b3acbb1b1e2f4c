import { expect, test } from "vitest";
import { biasApart } from "./bias.ts";

test("a bias of 2^31 steps as ONNX Runtime's tool writes it is the float one, which is 31 of its steps away", () => {
  const step = 6.598316253478094e-19;
  const [float, codes] = [Math.fround(-1.416836e-9), -2147268950];
  expect(Math.abs(float - codes * step) / step).toBeGreaterThan(1);
  expect(biasApart(float, codes * step)).toBe(0);
  expect(biasApart(0.5, 0.51)).toBeCloseTo(0.01, 6);
  expect(biasApart(-0.5, 0.5)).toBeCloseTo(1, 6);
});
