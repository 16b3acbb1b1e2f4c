import { rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { planQuantization } from "../src/engine/plan/plan.ts";
import { colourModel, modelBytes, put, putColours, scratch } from "./testing/colours.ts";
import { octet } from "./testing/command.ts";

vi.mock("../src/engine/plan/plan.ts", async (original) => {
  const actual = await original<typeof import("../src/engine/plan/plan.ts")>();
  return { ...actual, planQuantization: vi.fn(actual.planQuantization) };
});

let folder: string;
let model: string;
let data: string;

beforeAll(async () => {
  folder = scratch();
  model = put(folder, "colours.onnx", modelBytes(colourModel()));
  data = await putColours(folder, "photos", 4);
});
afterAll(() => rmSync(folder, { recursive: true }));
beforeEach(() => {
  vi.mocked(planQuantization).mockClear();
});

test.each([
  ["biases corrected", []],
  ["analytic corrections", ["--bias-correction", "analytic"]],
  ["int4", ["--weights", "s4"]],
])("one quantize command that has nothing to decide plans the graph once: %s", async (_, options) => {
  const out = join(folder, "out");
  const all = ["--preprocess", "unit", "--elementwise", "join", ...options];
  const run = await octet("quantize", model, "--data", data, ...all, "--out", out);
  expect(run.code, run.stderr).toBe(0);
  expect(planQuantization).toHaveBeenCalledTimes(1);
});
