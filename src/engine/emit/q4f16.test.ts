import { create } from "@bufbuild/protobuf";
import * as web from "onnxruntime-web/wasm";
import { describe, expect, it } from "vitest";
import { optimizedOperators, relativeDifference, run } from "../graph/testing/native.ts";
import { reasonText } from "../model/reason.ts";
import { intAttribute, intOf, makeNode } from "../onnx/attributes.ts";
import {
  AttributeProtoSchema,
  TensorProto_DataType as Code,
  type GraphProto,
  type ModelProto,
  AttributeProto_AttributeType as Type,
} from "../onnx/proto/onnx_pb.ts";
import { toModelFile } from "../onnx/runtimeFile.ts";
import { dimsOf, scalar, tensorOf } from "../onnx/tensor.ts";
import { buildModel, floatInput, noise, portInfo } from "../onnx/testing/build.ts";
import { ortRuntime } from "../runtime/onnxruntime.ts";
import { widenHalf } from "../values/halfFloats.ts";
import { leastSqnr, noiseFeeds, tryOut } from "./testing/trial.ts";

web.env.wasm.numThreads = 1;
const wasm = ortRuntime(web, { label: "wasm", maxThreads: 1, provider: "wasm" });

const scheme = (type: "uint4" | "int4", block: 16 | 32 = 32) =>
  ({ type, granularity: "channel", rounding: "nearest", block, operator: "matmulnbits" }) as const;
const q4f16 = (type: "uint4" | "int4" = "uint4", block: 16 | 32 = 32) =>
  ({ format: "q4f16", weights: scheme(type, block) }) as const;

const graphOf = ({ graph }: ModelProto) => graph as GraphProto;
const constant = (model: ModelProto, name: string) => graphOf(model).initializer.find((each) => each.name === name)!;
const operators = ({ node }: GraphProto) => node.map(({ opType }) => opType);

/** A convolution, a matrix whose rows are no whole number of blocks, and a Gemm of a transposed one with a bias. */
function network(name = (text: string) => text): ModelProto {
  return buildModel({
    opset: 17,
    inputs: [floatInput("x", [1, 3, 6, 6])],
    outputs: ["out"],
    nodes: [
      makeNode("Conv", ["x", "w"], ["c"], { name: name("conv") }),
      makeNode("Relu", ["c"], ["r"], { name: name("relu") }),
      makeNode("Flatten", ["r"], ["f"], { name: name("flatten") }),
      makeNode("MatMul", ["f", "m"], ["l"], { name: name("matmul") }),
      makeNode("Tanh", ["l"], ["t"], { name: name("tanh") }),
      makeNode("Gemm", ["t", "g", "b"], ["out"], { name: name("gemm"), attributes: [intAttribute("transB", 1)] }),
    ],
    constants: { w: noise([5, 3, 3, 3], 7), m: noise([80, 40], 8), g: noise([6, 40], 9), b: noise([6], 10) },
  });
}

/** The matrix [K, N] that a MatMulNBits reads, as ONNX Runtime documents it: rows of blocks of nibbles, the lower first. */
function matrixOf(model: ModelProto, output: string): Float32Array {
  const node = graphOf(model).node.find((each) => each.opType === "MatMulNBits" && each.output[0]!.startsWith(output))!;
  const [inner, outer, size] = ["K", "N", "block_size"].map((name) => intOf(node, name)!) as [number, number, number];
  const [codes, scales, zeroPoints] = node.input.slice(1).map((name) => tensorOf(constant(model, name)));
  const blocks = Math.ceil(inner / size);
  const nibble = (bytes: Uint8Array, at: number) => (at % 2 === 0 ? bytes[at >> 1]! & 15 : bytes[at >> 1]! >> 4);
  const matrix = new Float32Array(inner * outer);
  for (let n = 0; n < outer; n++) {
    for (let k = 0; k < inner; k++) {
      const block = Math.floor(k / size);
      const code = nibble(codes!.data as Uint8Array, n * blocks * size + k);
      const zero = zeroPoints ? nibble(zeroPoints.data as Uint8Array, 2 * n * Math.ceil(blocks / 2) + block) : 8;
      const scale = widenHalf((scales!.data as Uint16Array)[n * blocks + block]!);
      matrix[k * outer + n] = scale * (code - zero);
    }
  }
  return matrix;
}

describe("q4f16", () => {
  it.each(["uint4", "int4"] as const)("has matrices as %s in MatMulNBits, and all else in float16", async (type) => {
    const model = network();
    const { model: made, plan, ...trial } = await tryOut(model, q4f16(type));
    const written = ["Cast", "Conv", "Relu", "Flatten", "MatMulNBits", "Tanh", "MatMulNBits", "Add", "Cast"];
    expect(operators(graphOf(made))).toEqual(written);
    expect(plan.layers.map(({ precision }) => precision)).toEqual([
      ...["float16", "float16", "float16"],
      ...[type, "float16", type],
    ]);
    for (const name of ["w", "b", "m_scale", "g_scale"]) expect(constant(made, name).dataType).toBe(Code.FLOAT16);
    for (const name of ["m_quantized", "g_quantized"]) expect(constant(made, name).dataType).toBe(Code.UINT8);
    expect(graphOf(made).initializer.filter(({ name }) => /zero_point/.test(name))).toHaveLength(
      type === "uint4" ? 2 : 0,
    );
    expect(graphOf(made).initializer.some(({ name }) => name === "m" || name === "g")).toBe(false);
    expect(leastSqnr({ ...trial, model: made, plan })).toBeGreaterThan(15);
    expect((await optimizedOperators(made)).filter((each) => each === "MatMulNBits")).toHaveLength(2);
  });

  it.each([
    ["uint4", 32],
    ["int4", 32],
    ["uint4", 16],
  ] as const)(
    "computes in %s and blocks of %d what the float model does with the matrices it holds",
    async (type, block) => {
      const model = network();
      const trial = await tryOut(model, q4f16(type, block));
      const matrix = matrixOf(trial.model, "l");
      const gemm = matrixOf(trial.model, "out");
      const transposed = Float32Array.from({ length: 240 }, (_, at) => gemm[(at % 40) * 6 + Math.floor(at / 40)]!);
      const widened = buildModel({
        opset: 17,
        inputs: [...graphOf(model).input],
        outputs: ["out"],
        nodes: [...graphOf(model).node],
        constants: {
          w: noise([5, 3, 3, 3], 7),
          b: noise([6], 10),
          m: { type: "float32", dims: [80, 40], data: matrix },
          g: { type: "float32", dims: [6, 40], data: transposed },
        },
      });
      const feeds = noiseFeeds(model, 1);
      const expected = (await run(widened, feeds)).get("out");
      expect(relativeDifference(expected, trial.outputs.get("out"))).toBeLessThan(4e-3);
      const session = await wasm.createSession(toModelFile(trial.model), { threads: 1 });
      expect(relativeDifference(expected, (await session.run(feeds)).get("out"))).toBeLessThan(4e-3);
      await session.dispose();
    },
  );

  it("is the same of nodes without names", async () => {
    const [named, unnamed] = [
      await tryOut(network(), q4f16()),
      await tryOut(
        network(() => ""),
        q4f16(),
      ),
    ];
    expect(unnamed.outputs.get("out")).toEqual(named.outputs.get("out"));
    expect(operators(graphOf(unnamed.model))).toEqual(operators(graphOf(named.model)));
  });

  it("keeps a layer that reads what float16 cannot hold in float32, its matrix in blocks all the same", async () => {
    const model = buildModel({
      opset: 17,
      inputs: [floatInput("x", [2, 32])],
      outputs: ["out"],
      nodes: [
        makeNode("Mul", ["x", "large"], ["a"], { name: "grow" }),
        makeNode("MatMul", ["a", "m"], ["l"], { name: "product" }),
        makeNode("Div", ["l", "large"], ["d"], { name: "shrink" }),
        makeNode("MatMul", ["d", "n"], ["out"], { name: "last" }),
      ],
      constants: { large: scalar("float32", 1e6), m: noise([32, 16], 3), n: noise([16, 8], 4) },
    });
    const trial = await tryOut(model, q4f16());
    expect(trial.plan.layers.map(({ precision }) => precision)).toEqual(["float32", "uint4", "float32", "uint4"]);
    expect(reasonText(trial.plan.layers[0]!.reason!)).toContain("large holds values above 65504");
    expect(constant(trial.model, "m_scale").dataType).toBe(Code.FLOAT);
    expect(constant(trial.model, "n_scale").dataType).toBe(Code.FLOAT16);
    expect(leastSqnr(trial)).toBeGreaterThan(15);
  });

  it("leaves a layer that the recipe names in float32, and its matrix as it is", async () => {
    const trial = await tryOut(network(), { ...q4f16(), float: { layers: ["matmul"] } });
    expect(trial.plan.layers[3]!.precision).toBe("float32");
    expect(constant(trial.model, "m").dataType).toBe(Code.FLOAT);
    expect(dimsOf(constant(trial.model, "m"))).toEqual([80, 40]);
    expect(operators(graphOf(trial.model)).filter((each) => each === "MatMulNBits")).toHaveLength(1);
  });

  it("has a table that is looked up and multiplied by once in float16 and once in blocks", async () => {
    const ids = portInfo({ name: "ids", type: "int64", dims: [3] });
    const model = buildModel({
      opset: 17,
      inputs: [ids],
      outputs: ["out"],
      nodes: [
        makeNode("Gather", ["table", "ids"], ["e"], { name: "embed" }),
        makeNode("Gemm", ["e", "table"], ["out"], { name: "head", attributes: [intAttribute("transB", 1)] }),
      ],
      constants: { table: noise([20, 32], 5) },
    });
    const feeds = () => new Map([["ids", { type: "int64", dims: [3], data: BigInt64Array.of(1n, 7n, 19n) } as const]]);
    const trial = await tryOut(model, q4f16(), feeds);
    expect(operators(graphOf(trial.model))).toEqual(["Gather", "MatMulNBits", "Cast"]);
    expect(constant(trial.model, "table").dataType).toBe(Code.FLOAT16);
    expect(leastSqnr(trial)).toBeGreaterThan(15);
  });

  it("writes graphs that layers hold in float16, matrices in them too", async () => {
    const branch = (seed: number) => {
      const product = makeNode("MatMul", ["h", "inner"], ["y"], { name: "product" });
      const { graph } = buildModel({
        opset: 17,
        inputs: [],
        outputs: ["y"],
        nodes: [product],
        constants: { inner: noise([16, 16], seed) },
      });
      return graph!;
    };
    const attribute = (name: string, g: GraphProto) => create(AttributeProtoSchema, { name, type: Type.GRAPH, g });
    const model = buildModel({
      opset: 17,
      inputs: [floatInput("x", [1, 32])],
      outputs: ["out"],
      nodes: [
        makeNode("MatMul", ["x", "m"], ["h"], { name: "first" }),
        makeNode("ReduceSum", ["h"], ["s"], { name: "sum", attributes: [intAttribute("keepdims", 0)] }),
        makeNode("Greater", ["s", "zero"], ["is"], { name: "greater" }),
        makeNode("If", ["is"], ["z"], {
          name: "if",
          attributes: [attribute("then_branch", branch(11)), attribute("else_branch", branch(12))],
        }),
        makeNode("MatMul", ["z", "n"], ["out"], { name: "last" }),
      ],
      constants: { m: noise([32, 16], 3), n: noise([16, 8], 4), zero: scalar("float32", 0) },
    });
    const trial = await tryOut(model, q4f16());
    expect(operators(graphOf(trial.model)).filter((each) => each === "MatMulNBits")).toHaveLength(2);
    const branches = graphOf(trial.model)
      .node.find(({ opType }) => opType === "If")!
      .attribute.map(({ g }) => g!);
    expect(branches.map(({ initializer }) => initializer[0]!.dataType)).toEqual([Code.FLOAT16, Code.FLOAT16]);
    expect(leastSqnr(trial)).toBeGreaterThan(10);
  });
});
