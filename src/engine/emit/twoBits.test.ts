import * as web from "onnxruntime-web/wasm";
import { expect, it } from "vitest";
import { run } from "../graph/testing/native.ts";
import { PLAIN_RECIPE } from "../model/testing/recipe.ts";
import { intAttribute, makeNode } from "../onnx/attributes.ts";
import { opsetOf } from "../onnx/opset.ts";
import { TensorProto_DataType as Code } from "../onnx/proto/onnx_pb.ts";
import { toModelFile } from "../onnx/runtimeFile.ts";
import { buildModel, floatInput, noise } from "../onnx/testing/build.ts";
import { ortRuntime } from "../runtime/onnxruntime.ts";
import { leastSqnr, noiseFeeds, tryOut } from "./testing/trial.ts";

web.env.wasm.numThreads = 1;
const wasm = ortRuntime(web, { label: "wasm", maxThreads: 1, provider: "wasm" });
const format = "weights" as const;

const network = (columns: number) =>
  buildModel({
    opset: 17,
    inputs: [floatInput("x", [3, 37])],
    outputs: ["out"],
    nodes: [
      makeNode("MatMul", ["x", "w"], ["m"], { name: "matmul" }),
      makeNode("Gemm", ["m", "g"], ["h"], { name: "gemm" }),
      makeNode("Gemm", ["h", "t"], ["out"], { name: "turned", attributes: [intAttribute("transB", 1)] }),
    ],
    constants: { w: noise([37, columns], 2), g: noise([columns, columns], 3), t: noise([11, columns], 4) },
  });

it.each(["int2", "uint2"] as const)("weights in %s are ONNX's own of opset 25, four to a byte", async (type) => {
  const { model, plan } = await tryOut(network(12), { format, weights: { ...PLAIN_RECIPE.weights, type } });
  expect([opsetOf(model), model.irVersion]).toEqual([25, 13n]);
  expect(plan.layers.map(({ precision }) => precision)).toEqual([type, type, type]);
  const codes = model.graph!.initializer.find(({ name }) => name === "w_quantized")!;
  expect([codes.dataType, codes.rawData.length]).toEqual([type === "int2" ? Code.INT2 : Code.UINT2, (37 * 12) / 4]);
});

it.each(["int2", "uint2"] as const)(
  "rows of %s that end within a byte are noise where ONNX Runtime turns them around, so such layers stay in float and say so",
  async (type) => {
    const weights = { ...PLAIN_RECIPE.weights, type, block: 16 as const };
    for (const columns of [11, 14]) {
      const trial = await tryOut(network(columns), { format, weights });
      const reasons = trial.plan.layers.map(({ reason }) => reason);
      const torn = { code: "parts-of-bytes", columns };
      expect(reasons).toEqual([torn, torn, null]);
      expect(leastSqnr(trial)).toBeGreaterThan(6);
      const session = await wasm.createSession(toModelFile(trial.model), { threads: 1 });
      const feeds = noiseFeeds(network(columns), 1);
      const [native, inTab] = [await run(trial.model, feeds), await session.run(feeds)];
      await session.dispose();
      const values = (map: typeof native) => [...(map.get("out")!.data as Float32Array)];
      for (const [at, value] of values(native).entries()) expect(values(inTab)[at]).toBeCloseTo(value, 3);
      const own = await tryOut(network(columns), { format, weights: { ...weights, operator: "matmulnbits" } });
      expect(own.plan.layers.map(({ precision }) => precision)).toEqual([type, type, type]);
      expect(leastSqnr(own)).toBeGreaterThan(1);
    }
  },
);
