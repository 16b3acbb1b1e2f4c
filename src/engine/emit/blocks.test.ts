import * as web from "onnxruntime-web/wasm";
import { describe, expect, it } from "vitest";
import { decodedWeight } from "../encode/decoded.ts";
import { encode } from "../encode/numbers.ts";
import { relativeDifference, run } from "../graph/testing/native.ts";
import { reasonText } from "../model/reason.ts";
import type { Recipe } from "../model/recipe.ts";
import { PLAIN_RECIPE } from "../model/testing/recipe.ts";
import { intAttribute, intOf, makeNode } from "../onnx/attributes.ts";
import { withFields } from "../onnx/messages.ts";
import { opsetOf } from "../onnx/opset.ts";
import { TensorProto_DataType as Code, type ModelProto } from "../onnx/proto/onnx_pb.ts";
import { toModelFile } from "../onnx/runtimeFile.ts";
import { tensorOf, tensorProto } from "../onnx/tensor.ts";
import { buildModel, floatInput, noise, portInfo } from "../onnx/testing/build.ts";
import { encodeRequest } from "../plan/request.ts";
import { ortRuntime } from "../runtime/onnxruntime.ts";
import { targetOf } from "../targets/index.ts";
import { isCodebook, WEIGHT_TYPES } from "../values/codes.ts";
import { type Choices, noiseFeeds, type Trial, tryOut } from "./testing/trial.ts";

web.env.wasm.numThreads = 1;
const wasm = ortRuntime(web, { label: "wasm", maxThreads: 1, provider: "wasm" });

const BLOCKED = WEIGHT_TYPES.filter((type) => type !== "nf4" && type !== "float8" && !isCodebook(type));
const PLAIN = PLAIN_RECIPE.weights;
const format = "weights" as const;

function choicesOf(weights: Partial<Recipe["weights"]>): Choices {
  return { format, weights: { ...PLAIN, block: 16, ...weights } };
}

/** Products by a matrix with a short last block, by one turned around, by several, and one that comes first; a Conv beside. */
function network(opset = 21): ModelProto {
  const transB = intAttribute("transB", 1);
  return buildModel({
    opset,
    inputs: [floatInput("x", [3, 40])],
    outputs: ["out"],
    nodes: [
      makeNode("MatMul", ["x", "w"], ["m"], { name: "matmul" }),
      makeNode("Relu", ["m"], ["r"], { name: "relu" }),
      makeNode("Gemm", ["r", "g", "b"], ["h"], { name: "gemm", attributes: [transB] }),
      makeNode("MatMul", ["f", "h"], ["k"], { name: "first" }),
      makeNode("MatMul", ["k", "s"], ["n"], { name: "several" }),
      makeNode("Conv", ["n", "c"], ["out"], { name: "conv" }),
    ],
    constants: {
      w: noise([40, 24], 2),
      g: noise([18, 24], 3),
      b: noise([18], 4),
      f: noise([5, 3], 5),
      s: noise([2, 18, 20], 6),
      c: noise([2, 5, 3], 7),
    },
  });
}

const NAMES = ["matmul", "gemm", "first", "several", "conv"];

/** The float model with the values that the numbers of its weights stand for, worked out without the file. */
function rounded(model: ModelProto, { plan }: Trial, choices: Choices): ModelProto {
  const recipe = { ...PLAIN_RECIPE, ...choices, float: PLAIN_RECIPE.float };
  const { weights } = encode(encodeRequest(plan), new Map(), recipe);
  const values = new Map(
    plan.layers.flatMap(({ id, weightUse }) => {
      const weight = weights.get(id);
      return weight && weightUse ? [[weightUse.name, weight] as const] : [];
    }),
  );
  const graph = model.graph!;
  return withFields(model, {
    graph: withFields(graph, {
      initializer: graph.initializer.map((tensor) => {
        const weight = values.get(tensor.name);
        return weight
          ? tensorProto(tensor.name, { type: "float32", dims: weight.dims, data: decodedWeight(weight) })
          : tensor;
      }),
    }),
  });
}

const operatorsOf = ({ model }: Trial) => model.graph!.node.map(({ opType }) => opType);

describe.each(BLOCKED)("weights in blocks, %s", (type) => {
  it.each(["dequantize", "matmulnbits"] as const)(
    "give by %s what the float model gives with the values of the codes, natively and in WASM",
    async (operator) => {
      const choices = choicesOf({ type, operator });
      const trial = await tryOut(network(), choices);
      expect(trial.plan.layers.filter(({ precision }) => precision === type).map(({ id }) => id)).toEqual(NAMES);
      const feeds = noiseFeeds(network(), 3);
      const expected = (await run(rounded(network(), trial, choices), feeds)).get("out");
      const literal = (await run(trial.model, feeds, false)).get("out");
      expect(relativeDifference(expected, literal)).toBeLessThan(1e-5);
      // A DequantizeLinear before a MatMul becomes a MatMulNBits that rounds its activations.
      const optimized = (await run(trial.model, feeds)).get("out");
      expect(relativeDifference(expected, optimized)).toBeLessThan(operator === "matmulnbits" ? 1e-4 : 0.05);
      const session = await wasm.createSession(toModelFile(trial.model), { threads: 1 });
      expect(relativeDifference(expected, (await session.run(feeds)).get("out"))).toBeLessThan(0.05);
      await session.dispose();
    },
  );
});

describe("weights in blocks", () => {
  it("have a DequantizeLinear of opset 21 with the axis that products are added along; those of a Conv a scale a channel", async () => {
    const trial = await tryOut(network(17), choicesOf({ type: "uint4" }));
    const found = trial.model.graph!.node.filter(({ opType }) => opType === "DequantizeLinear");
    expect(found.map((node) => [intOf(node, "axis"), intOf(node, "block_size") ?? null])).toEqual([
      [0, 16],
      [1, 16],
      [1, 16],
      [1, 16],
      [0, null],
    ]);
    const dims = (name: string) => trial.model.graph!.initializer.find((each) => each.name === name)?.dims.map(Number);
    expect(dims("w_scale")).toEqual([3, 24]);
    expect(dims("g_scale")).toEqual([18, 2]);
    expect(dims("f_scale")).toEqual([5, 1]);
    expect(dims("s_zero_point")).toEqual([2, 2, 20]);
    expect(dims("c_zero_point")).toEqual([2]);
    expect(trial.model.graph!.initializer.find(({ name }) => name === "w_quantized")?.dataType).toBe(Code.UINT4);
    expect(opsetOf(trial.model)).toBe(21);
  });

  it("become MatMulNBits where that fits, a Gemm with an Add of its bias", async () => {
    const trial = await tryOut(network(), choicesOf({ type: "int4", operator: "matmulnbits" }));
    expect(operatorsOf(trial)).toEqual([
      ...["MatMulNBits", "Relu", "MatMulNBits", "Add"],
      ...["DequantizeLinear", "MatMul", "DequantizeLinear", "MatMul", "DequantizeLinear", "Conv"],
    ]);
    const [first, second] = trial.model.graph!.node.filter(({ opType }) => opType === "MatMulNBits");
    const sizes = ["K", "N", "bits", "block_size"];
    expect(sizes.map((name) => intOf(first!, name))).toEqual([40, 24, 4, 16]);
    expect(sizes.map((name) => intOf(second!, name))).toEqual([24, 18, 4, 16]);
    // Symmetric codes have the operator's own zero point.
    expect(first!.input).toEqual(["x", "w_quantized", "w_scale"]);
    expect(trial.model.opsetImport.map(({ domain }) => domain)).toContain("com.microsoft");
    expect(trial.model.graph!.initializer.map(({ name }) => name)).not.toContain("w");
  });

  it.each([
    ["transA", [intAttribute("transA", 1)]],
    ["no bias", []],
  ] as const)("of a Gemm with %s", async (what, attributes) => {
    const [rows, inputs] = [["x", "w", ...(what === "no bias" ? [] : ["b"])], what === "transA" ? [40, 3] : [3, 40]];
    const model = buildModel({
      opset: 21,
      inputs: [floatInput("x", inputs)],
      outputs: ["y"],
      nodes: [makeNode("Gemm", rows, ["y"], { name: "gemm", attributes: [...attributes] })],
      constants: { w: noise([40, 24], 2), ...(what === "no bias" ? {} : { b: noise([24], 4) }) },
    });
    const choices = choicesOf({ type: "uint8", operator: "matmulnbits" });
    const trial = await tryOut(model, choices);
    expect(operatorsOf(trial)).toEqual(what === "transA" ? ["DequantizeLinear", "Gemm"] : ["MatMulNBits"]);
    const feeds = noiseFeeds(model, 2);
    const expected = (await run(rounded(model, trial, choices), feeds)).get("y");
    expect(relativeDifference(expected, (await run(trial.model, feeds, false)).get("y"))).toBeLessThan(1e-5);
  });

  it("are worked out anew for each layer that shares a weight and reads inputs of other sizes", async () => {
    const norm = (gain: string, out: string) => makeNode("LayerNormalization", ["x", gain], [out], { name: out });
    const model = buildModel({
      opset: 21,
      inputs: [floatInput("x", [3, 32])],
      outputs: ["y", "z"],
      nodes: [
        norm("a", "p"),
        norm("b", "q"),
        makeNode("MatMul", ["p", "w"], ["y"], { name: "one" }),
        makeNode("MatMul", ["q", "w"], ["z"], { name: "two" }),
      ],
      constants: {
        a: { type: "float32", dims: [32], data: Float32Array.from({ length: 32 }, (_, k) => (k % 2 ? 9 : 0.1)) },
        b: { type: "float32", dims: [32], data: Float32Array.from({ length: 32 }, (_, k) => (k % 2 ? 0.1 : 9)) },
        w: noise([32, 8], 2),
      },
    });
    for (const operator of ["dequantize", "matmulnbits"] as const) {
      const trial = await tryOut(model, choicesOf({ type: "uint4", operator }));
      const codes = trial.model.graph!.initializer.filter(({ name }) => name.startsWith("w_quantized"));
      expect(codes).toHaveLength(2);
      expect(codes[0]!.rawData).not.toEqual(codes[1]!.rawData);
    }
  });
});

describe("weights in nf4", () => {
  it("are read by MatMulBnb4 where that fits, and give what the values of the codes give, natively and in WASM", async () => {
    const choices = choicesOf({ type: "nf4" });
    const trial = await tryOut(network(), choices);
    expect(operatorsOf(trial)).toEqual(["MatMulBnb4", "Relu", "MatMulBnb4", "Add", "MatMul", "MatMul", "Conv"]);
    const [first] = trial.model.graph!.node;
    expect(["K", "N", "block_size", "quant_type"].map((name) => intOf(first!, name))).toEqual([40, 24, 16, 1]);
    expect(trial.plan.layers.map(({ precision }) => precision)).toEqual([
      ...["nf4", "float32", "nf4", "float32", "float32", "float32"],
    ]);
    expect(reasonText(trial.plan.layers[3]!.reason!)).toBe("no operator reads its weight in nf4");
    const feeds = noiseFeeds(network(), 3);
    const expected = (await run(rounded(network(), trial, choices), feeds)).get("out");
    for (const optimize of [false, true]) {
      expect(relativeDifference(expected, (await run(trial.model, feeds, optimize)).get("out"))).toBeLessThan(1e-4);
    }
    const session = await wasm.createSession(toModelFile(trial.model), { threads: 1 });
    expect(relativeDifference(expected, (await session.run(feeds)).get("out"))).toBeLessThan(1e-4);
    await session.dispose();
  });
});

describe("a table that is looked up", () => {
  const table = noise([30, 32], 9);

  function lookup(tied: boolean, extra: Partial<Parameters<typeof buildModel>[0]> = {}): ModelProto {
    const data = Float32Array.from({ length: 960 }, (_, at) => {
      const [k, n] = [Math.floor(at / 30), at % 30];
      return (tied ? (table.data as Float32Array)[n * 32 + k] : Math.sin(at * at)) as number;
    });
    return buildModel({
      opset: 21,
      inputs: [portInfo({ name: "ids", type: "int64", dims: [2, 3] })],
      outputs: ["y"],
      nodes: [
        makeNode("Gather", ["table", "ids"], ["e"], { name: "lookup" }),
        makeNode("LayerNormalization", ["e", "gain"], ["n"], { name: "norm" }),
        makeNode("MatMul", ["n", "w"], ["y"], { name: "head" }),
      ],
      constants: { table, gain: noise([32], 5), w: { type: "float32", dims: [32, 30], data } },
      ...extra,
    });
  }

  const feeds = new Map([
    ["ids", { type: "int64", dims: [2, 3], data: BigInt64Array.of(0n, 29n, 7n, -1n, 3n, 3n) } as const],
  ]);

  it.each(BLOCKED)(
    "is a GatherBlockQuantized, and in the file once where it is multiplied by too: %s",
    async (type) => {
      for (const tied of [true, false]) {
        const model = lookup(tied);
        const choices = choicesOf({ type, operator: "matmulnbits" });
        const trial = await tryOut(model, choices, () => feeds);
        expect(operatorsOf(trial)).toEqual([
          ...(tied ? ["Reshape"] : []),
          ...["GatherBlockQuantized", "LayerNormalization", "MatMulNBits"],
        ]);
        expect(trial.plan.layers.map(({ precision }) => precision)).toEqual([type, "float32", type]);
        const codes = trial.model.graph!.initializer.filter(({ dataType }) => dataType === Code.UINT8);
        const scales = trial.model.graph!.initializer.filter(({ name }) => name.includes("_scale"));
        expect(scales).toHaveLength(tied ? 1 : 2);
        expect(codes.filter(({ name }) => name.includes("_quantized"))).toHaveLength(tied ? 1 : 2);
        const expected = (await run(rounded(model, trial, choices), feeds)).get("y");
        for (const optimize of [false, true]) {
          expect(relativeDifference(expected, (await run(trial.model, feeds, optimize)).get("y"))).toBeLessThan(1e-4);
        }
        const session = await wasm.createSession(toModelFile(trial.model), { threads: 1 });
        expect(relativeDifference(expected, (await session.run(feeds)).get("y"))).toBeLessThan(1e-4);
        await session.dispose();
      }
    },
  );

  it("stays as it is before a DequantizeLinear, in float by choice, and where its rows are no whole blocks", async () => {
    const wanted = choicesOf({ type: "uint4", operator: "matmulnbits" });
    const kinds = async (choices: Choices) => operatorsOf(await tryOut(lookup(false), choices, () => feeds))[0];
    expect(await kinds(choicesOf({ type: "uint4" }))).toBe("Gather");
    expect(await kinds({ ...wanted, float: { operators: ["Gather"] } })).toBe("Gather");
    expect(await kinds(choicesOf({ type: "uint4", operator: "matmulnbits", block: 64 }))).toBe("Gather");
    expect(await kinds(wanted)).toBe("GatherBlockQuantized");
  });

  it.each(["ort-webgpu", "transformers.js"] as const)(
    "stays in float for %s, and says why, where its rows have an odd number of 4-bit zero points",
    async (target) => {
      const made = async (weights: Partial<Recipe["weights"]>, on: Recipe["target"] = target) => {
        const choices = { ...choicesOf({ type: "uint4", operator: "matmulnbits", block: 32, ...weights }), target: on };
        const trial = await tryOut(lookup(false), choices, () => feeds);
        return [operatorsOf(trial)[0], trial.plan.layers[0]?.reason ?? null];
      };
      const { name } = targetOf({ target });
      expect(await made({})).toEqual(["Gather", { code: "odd-zero-points", blocks: 1, target: name }]);
      for (const fitting of [{ block: 16 }, { type: "int4" }, { type: "uint8" }] as const) {
        expect(await made(fitting)).toEqual(["GatherBlockQuantized", null]);
      }
      expect(await made({}, "ort-web")).toEqual(["GatherBlockQuantized", null]);
    },
  );

  it("keeps its values for who else reads it", async () => {
    const model = lookup(false, {
      outputs: ["y", "t"],
      nodes: [
        makeNode("Gather", ["table", "ids"], ["e"], { name: "lookup" }),
        makeNode("MatMul", ["e", "w"], ["y"], { name: "head" }),
        makeNode("Transpose", ["table"], ["t"], { name: "turned" }),
      ],
    });
    const trial = await tryOut(model, choicesOf({ type: "uint4", operator: "matmulnbits" }), () => feeds);
    const found = trial.model.graph!.initializer.find(({ name }) => name === "table");
    expect(tensorOf(found!).data).toEqual(table.data);
  });
});
