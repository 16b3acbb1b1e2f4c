import { describe, expect, it } from "vitest";
import { nodeDecoders } from "../../../cli/decoders.ts";
import { memoryFile, npyBytes } from "../data/testing/files.ts";
import type { GivenInputs } from "../model/recipe.ts";
import { intAttribute, makeNode } from "../onnx/attributes.ts";
import { withFields } from "../onnx/messages.ts";
import { inputPorts } from "../onnx/ports.ts";
import { buildModel, floatInput, noise } from "../onnx/testing/build.ts";
import { openData } from "./data.ts";
import { defaultRecipe, planModel, summarizeModel } from "./open.ts";
import { open, quantizeAndCompare } from "./testing/quantized.ts";

const shaped = floatInput("x", []);
const type = shaped.type!.value;
if (type.case !== "tensorType") throw new Error("an input of floats is a tensor");
const unshaped = withFields(shaped, {
  type: withFields(shaped.type!, {
    value: { case: "tensorType", value: withFields(type.value, { shape: undefined }) },
  }),
});
const model = buildModel({
  opset: 17,
  inputs: [unshaped],
  outputs: ["y"],
  nodes: [
    makeNode("MatMul", ["x", "w"], ["a"]),
    makeNode("ReduceMean", ["a"], ["y"], { attributes: [intAttribute("keepdims", 0)] }),
  ],
  constants: { w: noise([6, 4], 1) },
});
const message =
  /^The model does not say what shape its input x has, not even how many dimensions; give the shape of a sample/;
const file = memoryFile("x.npy", npyBytes("<f4", [10, 5, 6], new Float32Array(300).fill(1)));

describe("an input whose shape the file does not say", () => {
  it("is told from a scalar", () => {
    expect(inputPorts(model)).toEqual([{ name: "x", type: "float32", dims: [], unshaped: true }]);
    expect(inputPorts(buildModel({ opset: 17, inputs: [shaped], outputs: [], nodes: [] }))).toEqual([
      { name: "x", type: "float32", dims: [] },
    ]);
  });

  it("is asked for with data, and said of the model", async () => {
    const opened = await open(model);
    const { notices, inputs } = summarizeModel(opened, defaultRecipe(opened));
    expect(notices.map((notice) => notice.message)).toContainEqual(expect.stringMatching(message));
    expect(inputs).toEqual([{ name: "x", type: "float32", dims: [] }]);
    await expect(openData(opened, [file], null, nodeDecoders)).rejects.toThrow(message);
    expect(planModel(opened, defaultRecipe(opened)).layers.length).toBeGreaterThan(0);
  });

  it.each([
    [[1, 5, 6], 10, [1, 5, 6]],
    [[5, 6], 10, [5, 6]],
    [[10, 5, 6], 1, [10, 5, 6]],
  ] as const)("is fed once it is given as %j", async (shape, samples, dims) => {
    const given: GivenInputs = { shapes: { x: [...shape] }, values: {} };
    const opened = await open(model, given);
    expect(opened.notices).toEqual([]);
    const data = await openData(opened, [file], null, nodeDecoders);
    expect([data.length, (await data.get(0)).feeds.get("x")!.dims]).toEqual([samples, dims]);
  });

  it("is quantized on data of that shape", async () => {
    const samples = [1, 2, 3, 4].map((seed) => new Map([["x", noise([5, 6], seed)]]));
    const { sqnr } = await quantizeAndCompare(model, samples, samples, { shapes: { x: [5, 6] }, values: {} });
    expect(sqnr.y).toBeGreaterThan(20);
  });
});
