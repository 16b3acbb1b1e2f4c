import { beforeAll, describe, expect, it } from "vitest";
import { nodeDecoders } from "../../../cli/decoders.ts";
import { memoryFile, npyBytes } from "../data/testing/files.ts";
import type { Recipe } from "../model/recipe.ts";
import type { Runtime } from "../model/runtime.ts";
import { makeNode } from "../onnx/attributes.ts";
import { encodeModel } from "../onnx/encode.ts";
import { buildModel, floatInput, noise } from "../onnx/testing/build.ts";
import { withSettings } from "../recipe/change.ts";
import { nodeRuntime } from "../runtime/node.ts";
import { type OpenDataset, openData } from "./data.ts";
import { assertTimeable, chooseFastest, speedNotice } from "./fastest.ts";
import { defaultRecipe, type OpenModel, openModel } from "./open.ts";
import { quantizeModel, resolveRecipe } from "./quantize.ts";
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
      node("Conv", ["x", "u"], "a"),
      node("Mul", ["a", "a"], "m"),
      node("Conv", ["m", "v"], "b"),
      node("MatMul", ["b", "w"], "out"),
    ],
    constants: { u: noise([8, 4, 3, 3], 4), v: noise([8, 8, 3, 3], 5), w: noise([4, 64], 6) },
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

type Swing = (milliseconds: number, pair: number) => number;
const STEADY: Swing = (milliseconds) => milliseconds;

/**
 * A runtime whose sessions, in the order in which they are opened, say that they take so many milliseconds; `second` changes what
 * the second of them says of a pair of runs, `first` what the first says, the float model.
 */
function clocked(
  milliseconds: readonly number[],
  second: Swing = STEADY,
  first: Swing = STEADY,
): { readonly runtime: Runtime; readonly open: () => number } {
  let opened = 0;
  let alive = 0;
  const createSession: Runtime["createSession"] = async (file, options) => {
    expect(options.threads).toBe(1);
    const session = await native.createSession(file, options);
    const at = opened++;
    const said = milliseconds[at]!;
    let runs = 0;
    alive++;
    return {
      inputs: session.inputs,
      outputs: session.outputs,
      get lastRunTime() {
        return ([first, second][at] ?? STEADY)(said, Math.floor(runs / 2));
      },
      run: (feeds) => {
        runs++;
        return session.run(feeds);
      },
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

const ALL = ["a", "b", "out"];

/** In the order in which they are opened, after the float model. */
const NAMES = [
  "as decided",
  "layers with weights alone",
  "convolutions of few channels in float",
  "all computed in float, weights in 8 bits",
  "products alone, convolutions in float",
];

describe("the fastest of what may be written", () => {
  it("is the settings of the quickest, every candidate another plan, and leaves no session open", async () => {
    const clock = clocked([2, 1.5, 1.2, 1.4, 2, 1]);
    const { choices, trial } = await choose(clock.runtime);
    expect(choices).toMatchObject({ elementwise: "float", float: { layers: [], stored: ["a", "b"] } });
    expect(trial.float).toBe(2);
    expect(trial.candidates).toEqual([
      { name: NAMES[4], milliseconds: 1, ofFloat: 0.5 },
      { name: NAMES[1], milliseconds: 1.2, ofFloat: 0.6 },
      { name: NAMES[2], milliseconds: 1.4, ofFloat: 0.7 },
      { name: NAMES[0], milliseconds: 1.5, ofFloat: 0.75 },
      { name: NAMES[3], milliseconds: 2, ofFloat: 1 },
    ]);
    expect(trial).toMatchObject({ written: NAMES[4], computedInFloat: false, threads: 1, runtime: native.label });
    expect(trial.runs).toBeGreaterThan(2);
    expect(clock.open()).toBe(0);
    expect(speedNotice(trial, "net.onnx")).toBeNull();
  });

  it("is what was decided where nothing is clearly quicker", async () => {
    const { choices, trial } = await choose(clocked([2, 1, 0.99, 1.5, 2, 1]).runtime);
    expect(choices).toEqual({});
    expect(trial.written).toBe(NAMES[0]);
  });

  it.each([
    ["slower than the float model", [0.5, 2, 1, 3, 0.51, 3]],
    ["as fast as it", [1, 1, 1, 1, 1, 1]],
    ["faster by no more than a model differs from itself", [1, 0.985, 1, 0.99, 1.01, 1]],
  ])("computes in float, with weights in 8 bits, where integers are %s", async (_, milliseconds) => {
    const { choices, trial } = await choose(clocked(milliseconds).runtime);
    expect(choices).toEqual({ elementwise: "float", float: { ...settled.recipe.float, stored: ALL } });
    expect(trial).toMatchObject({ written: NAMES[3], computedInFloat: true });
    const message = speedNotice(trial, "net.onnx")?.message;
    expect(message).toMatch(/^Integers are not surely faster than float here, /);
    expect(message).toMatch(/what is written computes in float and keeps its weights in 8 bits, [\d.]+ ms\.$/);
    const recipe = withSettings(settled.recipe, choices);
    const made = quantizeModel(model, resolveRecipe(model, recipe, settled.calibration));
    expect(made.plan.groups).toEqual([]);
    expect(made.model.graph?.node.map(({ opType }) => opType)).not.toContain("QuantizeLinear");
    expect(made.bytes).toBeLessThan(0.6 * model.bytes);
  });

  it("says that the float model is quicker where even weights in 8 bits are slower", async () => {
    const { choices, trial } = await choose(clocked([0.5, 2, 1, 3, 2, 3]).runtime);
    expect(choices).toEqual({ elementwise: "float" });
    expect(speedNotice(trial, "net.onnx")?.message).toMatch(
      /^The float model is faster here, 0\.500 ms a run against 1\.00 ms of the fastest that is quantized \(one sample, 1 thread, /,
    );
  });

  it("goes by the rounds: a median below float's is not enough where they are far apart", async () => {
    const swinging = clocked([1, 0.9, 2, 2, 1, 2], (milliseconds, run) => milliseconds * (run % 100 < 49 ? 1.3 : 1));
    const { trial } = await choose(swinging.runtime);
    expect(trial.candidates.find(({ name }) => name === NAMES[0])?.ofFloat).toBeLessThan(1);
    expect(trial.written).toBe(NAMES[3]);
  });

  it("goes by the least too, which nothing else that the machine does can lower", async () => {
    const float = clocked(
      [1, 0.9, 2, 2, 1, 2],
      (milliseconds) => milliseconds,
      (milliseconds, pair) => (pair % 10 === 5 ? 0.8 * milliseconds : milliseconds),
    );
    const { trial } = await choose(float.runtime);
    expect(trial.candidates[0]).toMatchObject({ name: NAMES[0] });
    expect(trial.written).toBe(NAMES[3]);
  });

  it("is not asked of what is computed in float", () => {
    const { recipe } = settled;
    expect(() => assertTimeable({ ...recipe, weights: { ...recipe.weights, type: "int4" } })).toThrow(/--goal speed/);
    expect(() => assertTimeable({ ...recipe, format: "weights" })).toThrow(/--goal speed/);
    expect(() => assertTimeable(recipe)).not.toThrow();
  });
});
