import * as web from "onnxruntime-web/wasm";
import { expect, it } from "vitest";
import { relativeDifference, run } from "../graph/testing/native.ts";
import { floatAttribute, intAttribute, intsAttribute, makeNode } from "../onnx/attributes.ts";
import { opsetOf } from "../onnx/opset.ts";
import { TensorProto_DataType as Code } from "../onnx/proto/onnx_pb.ts";
import { toModelFile } from "../onnx/runtimeFile.ts";
import { scalar, vector } from "../onnx/tensor.ts";
import { buildModel, floatInput, noise } from "../onnx/testing/build.ts";
import { ortRuntime } from "../runtime/onnxruntime.ts";
import { leastSqnr, noiseFeeds, tryOut } from "./testing/trial.ts";

web.env.wasm.numThreads = 1;
const wasm = ortRuntime(web, { label: "wasm", maxThreads: 1, provider: "wasm" });

const FLOAT8 = {
  format: "float8",
  activations: { type: "float8", symmetric: true },
  weights: { type: "float8", granularity: "channel", rounding: "nearest" },
  elementwise: "join",
} as const;

/** What ONNX Runtime looks for between a DequantizeLinear and a QuantizeLinear: each would become an operator on codes. */
const network = () =>
  buildModel({
    opset: 17,
    inputs: [floatInput("x", [1, 3, 8, 8])],
    outputs: ["out"],
    nodes: [
      makeNode("Conv", ["x", "w", "b"], ["c"], { name: "conv" }),
      makeNode("Clip", ["c", "low", "high"], ["r"], { name: "clip" }),
      makeNode("MaxPool", ["r"], ["p"], { name: "pool", attributes: [intsAttribute("kernel_shape", [2, 2])] }),
      makeNode("Conv", ["p", "d"], ["e"], { name: "depthwise", attributes: [intAttribute("group", 4)] }),
      makeNode("Relu", ["e"], ["f"], { name: "relu" }),
      makeNode("Add", ["f", "k"], ["a"], { name: "add" }),
      makeNode("Concat", ["a", "f"], ["j"], { name: "concat", attributes: [intAttribute("axis", 1)] }),
      makeNode("Transpose", ["j"], ["t"], { name: "turn", attributes: [intsAttribute("perm", [0, 1, 3, 2])] }),
      makeNode("MatMul", ["j", "t"], ["m"], { name: "products" }),
      makeNode("Sigmoid", ["m"], ["s"], { name: "sigmoid" }),
      makeNode("Mul", ["s", "m"], ["g"], { name: "gate" }),
      makeNode("Reshape", ["g", "shape"], ["h"], { name: "reshape" }),
      makeNode("Gemm", ["h", "q", "o"], ["out"], { name: "gemm", attributes: [floatAttribute("alpha", 1)] }),
    ],
    constants: {
      ...{ w: noise([4, 3, 2, 2], 2), b: noise([4], 3), d: noise([4, 1, 2, 2], 4), k: noise([4, 1, 1], 5) },
      ...{ low: scalar("float32", 0), high: scalar("float32", 0.8), shape: vector("int64", [1, -1]) },
      ...{ q: noise([200, 6], 6), o: noise([6], 7) },
    },
  });

it("pairs of float8 load and give natively, optimized or as written, and in WASM, what ONNX says of them", async () => {
  const trial = await tryOut(network(), FLOAT8);
  const { model, plan } = trial;
  expect(opsetOf(model)).toBe(21);
  const types = new Map(model.graph!.initializer.map(({ name, dataType }) => [name, dataType]));
  const pairs = model.graph!.node.filter(({ opType }) => /^(Quantize|Dequantize)Linear$/.test(opType));
  expect(pairs.length).toBeGreaterThan(15);
  expect(new Set(pairs.map(({ input }) => types.get(input[2]!)))).toEqual(new Set([Code.FLOAT8E4M3FN]));
  for (const id of ["conv", "depthwise", "gemm"]) {
    expect(plan.layers.find((layer) => layer.id === id)?.precision).toBe("float8");
  }
  const scale = (name: string) => model.graph!.initializer.find((each) => each.name === name)!.dims.map(Number);
  expect([scale("w_scale"), scale("q_scale")]).toEqual([[4], [6]]);
  expect(leastSqnr(trial)).toBeGreaterThan(18);
  const feeds = noiseFeeds(network(), 1);
  const literal = (await run(model, feeds, false)).get("out");
  expect(relativeDifference(literal, (await run(model, feeds)).get("out"))).toBeLessThan(1e-5);
  const session = await wasm.createSession(toModelFile(model), { threads: 1 });
  expect(relativeDifference(literal, (await session.run(feeds)).get("out"))).toBeLessThan(1e-5);
  await session.dispose();
});
