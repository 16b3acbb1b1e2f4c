import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { npyBytes } from "../src/engine/data/testing/files.ts";
import { run } from "../src/engine/graph/testing/native.ts";
import type { Tensor } from "../src/engine/model/tensor.ts";
import { Comparator } from "../src/engine/numerics/metrics.ts";
import { makeNode } from "../src/engine/onnx/attributes.ts";
import { decodeModel } from "../src/engine/onnx/decode.ts";
import { withFields } from "../src/engine/onnx/messages.ts";
import type { ModelProto } from "../src/engine/onnx/proto/onnx_pb.ts";
import { buildModel, floatInput, noise } from "../src/engine/onnx/testing/build.ts";
import { modelBytes, put, scratch } from "./testing/colours.ts";
import { errorOf, octet } from "./testing/command.ts";

const folder = scratch();
afterAll(() => rmSync(folder, { recursive: true }));

const untyped = buildModel({
  opset: 17,
  inputs: [floatInput("x", ["batch", 8]), floatInput("h", ["batch", 16])],
  outputs: ["y", "hn"],
  nodes: [
    makeNode("MatMul", ["x", "w"], ["a"], { name: "read" }),
    makeNode("MatMul", ["h", "u"], ["b"], { name: "carry" }),
    makeNode("Add", ["a", "b"], ["s"], { name: "sum" }),
    makeNode("Tanh", ["s"], ["hn"], { name: "squash" }),
    makeNode("MatMul", ["hn", "v"], ["y"], { name: "tell" }),
  ],
  constants: { w: noise([8, 16], 1), u: noise([16, 16], 2), v: noise([16, 4], 3) },
});
const recurrent = withFields(untyped, {
  graph: withFields(untyped.graph!, {
    output: [floatInput("y", ["batch", 4]), floatInput("hn", ["batch", 16])],
  }),
});
const MODEL = put(folder, "recurrent.onnx", modelBytes(recurrent));
const [SEQUENCES, STEPS] = [3, 12];
const values = (seed: number) =>
  Float32Array.from({ length: SEQUENCES * STEPS * 8 }, (_, i) => 0.4 * Math.sin(i * 0.37 + seed));
const bytesOf = (seed: number) => npyBytes("<f4", [SEQUENCES, STEPS, 8], values(seed));
const CALIBRATION = put(folder, "calibration.npy", bytesOf(1));
const UNSEEN = put(folder, "unseen.npy", bytesOf(5));

/** A model along sequences, on its own states. */
async function alongSequences(model: ModelProto, seed: number): Promise<Float32Array[]> {
  const all = values(seed);
  const made: Float32Array[] = [];
  let h: Tensor = noise([1, 16]);
  for (let at = 0; at < SEQUENCES * STEPS; at++) {
    if (at % STEPS === 0) h = { type: "float32", dims: [1, 16], data: new Float32Array(16) };
    const x: Tensor = { type: "float32", dims: [1, 8], data: all.slice(at * 8, at * 8 + 8) };
    const outputs = await run(
      model,
      new Map([
        ["x", x],
        ["h", h],
      ]),
    );
    h = outputs.get("hn")!;
    made.push(outputs.get("y")!.data as Float32Array);
  }
  return made;
}

function sqnrOf(float: readonly Float32Array[], quantized: readonly Float32Array[]): number {
  const comparator = new Comparator();
  for (const [at, values] of float.entries()) comparator.add(values, quantized[at]!);
  return comparator.result().sqnr;
}

describe("a model that carries a state", () => {
  it("is calibrated along sequences, and judged with the states that each model makes itself", async () => {
    const out = join(folder, "out");
    const made = await octet("quantize", MODEL, "--data", CALIBRATION, "--state", "hn=h", "--out", out, "--json");
    expect(made.code).toBe(0);
    const recipe = JSON.parse(readFileSync(join(out, "recurrent.recipe.json"), "utf8"));
    expect(recipe.inputs.state).toEqual({ h: "hn" });
    const reach = Math.max(...[recipe.resolved.h.low, recipe.resolved.h.high].map(Math.abs));
    expect(reach).toBeGreaterThan(0.5);

    const file = join(out, "recurrent.int8.onnx");
    const judged = await octet("evaluate", MODEL, file, "--data", UNSEEN, "--state", "hn=h", "--json");
    const quantized = decodeModel(readFileSync(file), "recurrent.int8.onnx");
    const [wholly, own] = [await alongSequences(recurrent, 5), await alongSequences(quantized, 5)];
    const { outputs, samples } = judged.json();
    expect(samples).toBe(SEQUENCES * STEPS);
    expect(outputs[0].sqnr).toBeCloseTo(sqnrOf(wholly, own), 6);
    expect(outputs[0].sqnr).toBeGreaterThan(20);

    const late = await octet(
      ...["evaluate", MODEL, file, "--data", UNSEEN, "--state", "hn=h", "--skip", "20", "--samples", "3", "--json"],
      ...["--order", "path"],
    );
    expect(late.json().outputs[0].sqnr).toBeCloseTo(sqnrOf(wholly.slice(20, 23), own.slice(20, 23)), 6);
  });

  it("is measured and searched along sequences, and a recipe keeps the state", async () => {
    const out = join(folder, "tuned");
    const options = ["--data", CALIBRATION, "--state", "hn=h"];
    const sensitivity = await octet(
      "sensitivity",
      MODEL,
      ...options,
      "--samples",
      "16",
      "--json",
      "--elementwise",
      "join",
    );
    expect(sensitivity.json().sensitivity.layers.length).toBeGreaterThan(3);
    const tuned = await octet("tune", MODEL, ...options, "--min-sqnr", "15", "--out", out, "--json");
    const { split, judged } = tuned.json().tuning ?? tuned.json();
    expect(split.calibration).toEqual([0, 2 * STEPS]);
    expect(judged.samples).toBe(STEPS);
    const again = await octet(
      ...["quantize", MODEL, "--data", CALIBRATION, "--recipe", join(out, "recurrent.recipe.json")],
      ...["--out", join(folder, "again"), "--json"],
    );
    expect(again.code).toBe(0);
    const batched = await octet("quantize", MODEL, ...options, "--batch", "4", "--out", join(folder, "batched"));
    expect(batched.stderr).toContain("Samples ran one by one");
  });

  it("is inspected with the state that it is to carry", async () => {
    expect((await octet("inspect", MODEL, "--state", "hn=h")).code).toBe(0);
    const refused = await octet("inspect", MODEL, "--state", "gone=h");
    expect(errorOf(refused)).toBe("The model has no output named gone to feed h from; its outputs are y, hn.");
  });

  it.each([
    [[], "feed it from an output of the step before: --state hn=h."],
    [["--state", "hn"], '--state takes output=input, for example stateN=state; not "hn".'],
    [["--state", "hn=h", "--state", "y=h"], "--state feeds h from hn and from y; name one output."],
    [["--state", "y=h"], "The output y (float32 batch × 4) cannot feed the input h (float32 batch × 16)"],
    [["--state", "hn=h", "--input", "h=0"], "The input h is held at a value and fed from the output hn as well"],
  ])("is refused with %j", async (options, message) => {
    expect(errorOf(await octet("quantize", MODEL, "--data", CALIBRATION, ...options))).toContain(message);
  });
});
