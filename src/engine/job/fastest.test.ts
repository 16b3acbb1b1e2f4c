import { beforeAll, describe, expect, it } from "vitest";
import { nodeDecoders } from "../../../cli/decoders.ts";
import { memoryFile, npyBytes } from "../data/testing/files.ts";
import type { Recipe } from "../model/recipe.ts";
import type { Runtime } from "../model/runtime.ts";
import { makeNode } from "../onnx/attributes.ts";
import { encodeModel } from "../onnx/encode.ts";
import { buildModel, floatInput, noise } from "../onnx/testing/build.ts";
import { nodeRuntime } from "../runtime/node.ts";
import { type OpenDataset, openData } from "./data.ts";
import { assertTimeable, chooseFastest, speedNotice } from "./fastest.ts";
import { defaultRecipe, type OpenModel, openModel } from "./open.ts";
import { type Settled, settle } from "./settle.ts";
import { context } from "./testing/settledCase.ts";

const node = (opType: string, inputs: readonly string[], output: string) =>
  makeNode(opType, inputs, [output], { name: output });
const native = nodeRuntime();

let model: OpenModel;
let data: OpenDataset;
let settled: Settled;
beforeAll(async () => {
  const built = buildModel({
    opset: 17,
    inputs: [floatInput("x", [1, 4, 8, 8])],
    outputs: ["out"],
    nodes: [
      node("Conv", ["x", "v"], "a"),
      node("Mul", ["a", "a"], "m"),
      node("Conv", ["m", "v"], "b"),
      node("MatMul", ["b", "w"], "out"),
    ],
    constants: { v: noise([4, 4, 1, 1], 5), w: noise([8, 8], 6) },
  });
  const source = {
    bytes: new Uint8Array(Buffer.concat(encodeModel(built))),
    fileName: "net.onnx",
    readBeside: async () => null,
  };
  model = await openModel(source, { shapes: {}, values: {} }, native, context);
  const file = memoryFile("x.npy", npyBytes("<f4", [4, 4, 8, 8], noise([4, 4, 8, 8], 3).data as Float32Array));
  data = await openData(model, [file], null, nodeDecoders);
  const request = { samples: 4, calibration: null };
  const recipe: Recipe = { ...defaultRecipe(model), unjoined: [] };
  settled = await settle(model, recipe, data, request, { main: native, accelerator: null }, context);
});

/** A runtime whose sessions, in the order in which they are opened, say that they take so many milliseconds. */
function clocked(milliseconds: readonly number[]): { readonly runtime: Runtime; readonly open: () => number } {
  let opened = 0;
  let alive = 0;
  const createSession: Runtime["createSession"] = async (file, options) => {
    expect(options.threads).toBe(1);
    const session = await native.createSession(file, options);
    const lastRunTime = milliseconds[opened++]!;
    alive++;
    return {
      inputs: session.inputs,
      outputs: session.outputs,
      lastRunTime,
      run: (feeds) => session.run(feeds),
      dispose: async () => {
        alive--;
        await session.dispose();
      },
    };
  };
  return {
    runtime: { ...native, label: native.label, maxThreads: native.maxThreads, createSession },
    open: () => alive,
  };
}

const choose = (runtime: Runtime) => chooseFastest(model, settled.recipe, settled.calibration, data, runtime, context);

describe("the fastest of what may be written", () => {
  it("is the settings of the quickest, every candidate another plan, and leaves no session open", async () => {
    const clock = clocked([2, 1.5, 1.2, 1]);
    const { choices, trial } = await choose(clock.runtime);
    expect(choices).toMatchObject({ elementwise: "float", float: { operators: ["Conv"] } });
    expect(trial.float).toBe(2);
    expect(trial.candidates).toEqual([
      { name: "products alone, convolutions in float", milliseconds: 1 },
      { name: "layers with weights alone", milliseconds: 1.2 },
      { name: "as decided", milliseconds: 1.5 },
    ]);
    expect(trial.runs).toBeGreaterThan(2);
    expect(clock.open()).toBe(0);
    expect(speedNotice(trial, "net.onnx")).toBeNull();
  });

  it("is what was decided where nothing is clearly quicker", async () => {
    expect((await choose(clocked([2, 1, 0.99, 1.5]).runtime)).choices).toEqual({});
  });

  it("says that the float model is quicker, and still gives the best", async () => {
    const { choices, trial } = await choose(clocked([0.5, 2, 1, 3]).runtime);
    expect(choices).toEqual({ elementwise: "float" });
    expect(speedNotice(trial, "net.onnx")?.message).toMatch(
      /^The float model is faster here, 0\.500 ms a run against 1\.00 ms of the fastest that is quantized/,
    );
  });

  it("is not asked of what is computed in float", () => {
    const { recipe } = settled;
    expect(() => assertTimeable({ ...recipe, weights: { ...recipe.weights, type: "int4" } })).toThrow(/--goal speed/);
    expect(() => assertTimeable({ ...recipe, format: "weights" })).toThrow(/--goal speed/);
    expect(() => assertTimeable(recipe)).not.toThrow();
  });
});
