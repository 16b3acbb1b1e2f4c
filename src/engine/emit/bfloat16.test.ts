import * as web from "onnxruntime-web/wasm";
import { expect, it } from "vitest";
import { optimizedOperators, relativeDifference, run } from "../graph/testing/native.ts";
import { makeNode } from "../onnx/attributes.ts";
import { TensorProto_DataType as Code, type ModelProto } from "../onnx/proto/onnx_pb.ts";
import { toModelFile } from "../onnx/runtimeFile.ts";
import { scalar } from "../onnx/tensor.ts";
import { buildModel, floatInput, noise } from "../onnx/testing/build.ts";
import { ortRuntime } from "../runtime/onnxruntime.ts";
import { BFLOAT, nearest, widenBfloat } from "../values/halfFloats.ts";
import { noiseFeeds, tryOut } from "./testing/trial.ts";

web.env.wasm.numThreads = 1;
const wasm = ortRuntime(web, { label: "wasm", maxThreads: 1, provider: "wasm" });
const format = "bfloat16" as const;

function network(): ModelProto {
  return buildModel({
    opset: 17,
    inputs: [floatInput("x", [1, 16])],
    outputs: [floatInput("out", [1, 8])],
    nodes: [
      makeNode("MatMul", ["x", "v"], ["a"], { name: "first" }),
      makeNode("Mul", ["a", "two"], ["b"], { name: "twice" }),
      makeNode("MatMul", ["b", "w"], ["out"], { name: "last" }),
    ],
    constants: { v: noise([16, 32], 3), w: noise([32, 8], 4), two: scalar("float32", 2) },
  });
}

const typeOf = ({ graph }: ModelProto, name: string) => graph!.initializer.find((each) => each.name === name)?.dataType;

it("keeps constants in bfloat16, rounded to nearest, and computes in float32 what they stand for", async () => {
  const model = network();
  const trial = await tryOut(model, { format });
  expect([typeOf(trial.model, "v_bf16"), typeOf(trial.model, "w_bf16"), typeOf(trial.model, "two")]).toEqual([
    ...[Code.BFLOAT16, Code.BFLOAT16, Code.FLOAT],
  ]);
  const rounded = (dims: number[], seed: number) => {
    const data = Float32Array.from(nearest(noise(dims, seed).data as Float32Array, BFLOAT), widenBfloat);
    return { type: "float32" as const, dims, data };
  };
  const { graph } = model;
  const same = buildModel({
    opset: 17,
    inputs: [...graph!.input],
    outputs: [...graph!.output],
    nodes: [...graph!.node],
    constants: { v: rounded([16, 32], 3), w: rounded([32, 8], 4), two: scalar("float32", 2) },
  });
  const expected = await run(same, noiseFeeds(model, 1), false);
  expect(relativeDifference(expected.get("out"), trial.outputs.get("out"))).toBeLessThan(1e-6);
  expect(await optimizedOperators(trial.model)).not.toContain("Cast");
});

it("loads and runs in WASM", async () => {
  const trial = await tryOut(network(), { format });
  const session = await wasm.createSession(toModelFile(trial.model), { threads: 1 });
  const outputs = await session.run(noiseFeeds(network(), 1));
  expect(relativeDifference(trial.outputs.get("out"), outputs.get("out"))).toBeLessThan(1e-5);
  await session.dispose();
});

it("leaves in float32 what the recipe does, and what would be infinite", async () => {
  const trial = await tryOut(network(), { format, float: { layers: ["first"] } });
  expect([typeOf(trial.model, "v"), typeOf(trial.model, "w_bf16")]).toEqual([Code.FLOAT, Code.BFLOAT16]);
  expect(trial.plan.layers.map(({ precision }) => precision)).toEqual(["float32", "float32", "bfloat16"]);
  const model = network();
  const w = model.graph!.initializer.find(({ name }) => name === "w")!;
  new DataView(w.rawData.buffer, w.rawData.byteOffset).setFloat32(0, 3.4e38, true);
  expect(typeOf((await tryOut(model, { format })).model, "w")).toBe(Code.FLOAT);
});
