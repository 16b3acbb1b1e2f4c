import { describe, expect, it } from "vitest";
import { nodeDecoders } from "../../../cli/decoders.ts";
import { memoryFile, npyBytes } from "../data/testing/files.ts";
import { makeNode } from "../onnx/attributes.ts";
import { encodeModel } from "../onnx/encode.ts";
import { buildModel, floatInput, noise } from "../onnx/testing/build.ts";
import { nodeRuntime } from "../runtime/node.ts";
import { openData } from "./data.ts";
import { defaultRecipe, openModel } from "./open.ts";
import { OutputJudge } from "./outputJudge.ts";
import { context } from "./testing/settledCase.ts";

const SAMPLES = 6;
const runtime = nodeRuntime();

/** The noise of a product in int8 weights, ending in what is said. */
async function noiseOf(...last: ReturnType<typeof makeNode>[]) {
  const built = buildModel({
    opset: 17,
    inputs: [floatInput("x", [1, 16])],
    outputs: ["out"],
    nodes: [makeNode("MatMul", ["x", "w"], [last.length > 0 ? "logits" : "out"]), ...last],
    constants: { w: noise([16, 8], 4) },
  });
  const bytes = new Uint8Array(Buffer.concat(encodeModel(built)));
  const source = { bytes, fileName: "net.onnx", readBeside: async () => null };
  const model = await openModel(source, { shapes: {}, values: {} }, runtime, context);
  const { data } = noise([SAMPLES, 16], 3);
  const file = memoryFile("x.npy", npyBytes("<f4", [SAMPLES, 16], data as Float32Array));
  const dataset = await openData(model, [file], null, nodeDecoders);
  const judge = await OutputJudge.open(model, dataset, SAMPLES, runtime, context);
  const plain = defaultRecipe(model);
  const recipe = { ...plain, format: "weights", weights: { ...plain.weights, type: "int8" }, resolved: {} } as const;
  return judge.noise(recipe, judge.samples);
}

describe("the noise of outputs", () => {
  it("of probabilities decides by what goes into their Softmax, which is that of the model without it", async () => {
    const plain = await noiseOf();
    const softmax = await noiseOf(makeNode("Softmax", ["logits"], ["out"]));
    expect(plain.deciding).toEqual(plain.outputs);
    expect(plain.outputs[0]).toBeGreaterThan(0);
    expect(softmax.deciding).toEqual(plain.outputs);
    expect(softmax.outputs).toHaveLength(1);
    expect(softmax.outputs).not.toEqual(softmax.deciding);
  });
});
