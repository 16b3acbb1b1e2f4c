import * as web from "onnxruntime-web/wasm";
import { describe, expect, it } from "vitest";
import { prepareModel } from "../graph/prepare.ts";
import { optimizedOperators, run } from "../graph/testing/native.ts";
import type { Tensor, TensorMap } from "../model/tensor.ts";
import { Comparator } from "../numerics/metrics.ts";
import { floatAttribute, intAttribute, intsAttribute, makeNode, stringAttribute } from "../onnx/attributes.ts";
import { decodeModel } from "../onnx/decode.ts";
import { inputPorts } from "../onnx/ports.ts";
import type { ModelProto, NodeProto } from "../onnx/proto/onnx_pb.ts";
import { toModelFile } from "../onnx/runtimeFile.ts";
import { scalar, vector } from "../onnx/tensor.ts";
import { buildModel, floatInput, noise } from "../onnx/testing/build.ts";
import { ortRuntime } from "../runtime/onnxruntime.ts";
import { ORT } from "../targets/ort.ts";
import { needsShared, readShared } from "../testing/shared.ts";
import { garments, photographs, tokens } from "./testing/shared.ts";
import { type Choices, leastSqnr, noiseFeeds, type Trial, tryOut } from "./testing/trial.ts";

web.env.wasm.numThreads = 1;
const wasm = ortRuntime(web, { label: "wasm", maxThreads: 1, provider: "wasm" });

const format = "qoperator" as const;
const SIGNED = { type: "int8", symmetric: true } as const;

type Attributes = NonNullable<NonNullable<Parameters<typeof makeNode>[3]>["attributes"]>;
const node = (opType: string, inputs: readonly string[], output: string, attributes: Attributes = []) =>
  makeNode(opType, inputs, [output], { name: output, attributes });

function network(nodes: readonly NodeProto[], dims: readonly number[], constants: Record<string, Tensor>, opset = 17) {
  return buildModel({ opset, inputs: [floatInput("x", dims)], outputs: ["out"], nodes, constants });
}

/** Within a code, and what float32 adds in another order. */
const near = expect.toSatisfy((steps: number) => steps < 1.001);

const operatorsOf = ({ model }: Trial) => model.graph?.node.map(({ opType }) => opType) ?? [];

/** The largest difference of two models' outputs, in steps of what made them. */
function stepsApart(a: TensorMap, b: TensorMap, { affine, plan }: Trial): number {
  return Math.max(
    ...[...a].map(([name, { data }]) => {
      const other = b.get(name)!.data;
      const { scale } = affine.get(plan.groupOf.get(name) ?? "") ?? { scale: 1e-4 };
      return Math.max(...Array.from(data as Float32Array, (value, at) => Math.abs(value - Number(other[at])) / scale));
    }),
  );
}

async function both(model: ModelProto, choices: Choices = {}, feedsOf = noiseFeeds) {
  const pairs = await tryOut(model, choices, feedsOf);
  const codes = await tryOut(model, { ...choices, format }, feedsOf);
  const feeds = feedsOf(model, 1);
  const session = await wasm.createSession(toModelFile(codes.model), { threads: 1 });
  const inWasm = await session.run(feeds);
  await session.dispose();
  return {
    pairs,
    codes,
    apart: {
      literal: stepsApart(await run(codes.model, feeds, false), await run(pairs.model, feeds), codes),
      optimized: stepsApart(await run(codes.model, feeds), await run(pairs.model, feeds), codes),
      wasm: stepsApart(inWasm, await run(codes.model, feeds), codes),
    },
  };
}

const side = { w: noise([4, 3, 3, 3], 5), b: noise([4], 6), v: noise([4, 4, 1, 1], 7) };
const first = node("Conv", ["x", "w", "b"], "c");
const last = node("Conv", ["e", "v"], "out");
const moving = (nodes: readonly NodeProto[], constants: Record<string, Tensor> = {}) =>
  network([first, ...nodes, last], [1, 3, 8, 8], { ...side, ...constants });

const MOVERS: readonly (readonly [string, ModelProto])[] = [
  [
    "Reshape",
    moving([node("Reshape", ["c", "r"], "d"), node("Reshape", ["d", "s"], "e")], {
      r: vector("int64", [1, 4, 36]),
      s: vector("int64", [1, 4, 6, 6]),
    }),
  ],
  ["Transpose", moving([node("Transpose", ["c"], "e", [intsAttribute("perm", [0, 1, 3, 2])])])],
  [
    "Squeeze, Unsqueeze",
    moving([node("Squeeze", ["c", "z"], "d"), node("Unsqueeze", ["d", "z"], "e")], { z: vector("int64", [0]) }),
  ],
  [
    "MaxPool",
    moving([node("MaxPool", ["c"], "e", [intsAttribute("kernel_shape", [2, 2]), intsAttribute("pads", [1, 1, 0, 0])])]),
  ],
  [
    "Slice",
    moving([node("Slice", ["c", "from", "to"], "e")], {
      from: vector("int64", [0, 0, 1]),
      to: vector("int64", [1, 4, 4]),
    }),
  ],
  [
    "Gather",
    moving([node("Gather", ["c", "which"], "e", [intAttribute("axis", 2)])], { which: vector("int64", [3, 0, 3]) }),
  ],
  [
    "GatherElements",
    moving([node("GatherElements", ["c", "at"], "e", [intAttribute("axis", 3)])], {
      at: { type: "int64", dims: [1, 4, 6, 2], data: BigInt64Array.from({ length: 48 }, (_, i) => BigInt(i % 6)) },
    }),
  ],
  ["Expand", moving([node("Expand", ["c", "to"], "e")], { to: vector("int64", [2, 4, 6, 6]) })],
  ["Tile", moving([node("Tile", ["c", "times"], "e")], { times: vector("int64", [1, 1, 2, 1]) })],
  [
    "Resize to the nearest",
    moving([node("Resize", ["c", "", "scales"], "e", [stringAttribute("mode", "nearest")])], {
      scales: vector("float32", [1, 1, 2, 2]),
    }),
  ],
  [
    "DepthToSpace",
    network(
      [first, node("DepthToSpace", ["c"], "e", [intAttribute("blocksize", 2)]), node("Conv", ["e", "u"], "out")],
      [1, 3, 8, 8],
      { ...side, u: noise([2, 1, 1, 1], 8) },
    ),
  ],
  [
    "Split",
    network(
      [
        first,
        makeNode("Split", ["c", "sizes"], ["p", "q"], { name: "split", attributes: [intAttribute("axis", 1)] }),
        node("Conv", ["p", "u"], "m"),
        node("Conv", ["q", "u"], "n"),
        node("Add", ["m", "n"], "out"),
      ],
      [1, 3, 8, 8],
      { ...side, u: noise([3, 2, 1, 1], 8), sizes: vector("int64", [2, 2]) },
    ),
  ],
  [
    "Flatten",
    network([first, node("Flatten", ["c"], "f"), node("MatMul", ["f", "m"], "out")], [1, 3, 8, 8], {
      ...side,
      m: noise([144, 5], 3),
    }),
  ],
];

describe("what only moves values", () => {
  const cases = MOVERS.flatMap(([name, model]) => [
    [name, "uint8", model, {}] as const,
    [name, "int8", model, { activations: SIGNED }] as const,
  ]);
  it.each(cases)("moves codes: %s of %s", async (name, _, model, choices) => {
    const { codes, apart } = await both(model, { ...choices, elementwise: "auto" });
    const operators = operatorsOf(codes);
    expect(operators.filter((operator) => operator === "DequantizeLinear")).toHaveLength(name === "Flatten" ? 0 : 1);
    expect(operators.filter((operator) => operator === "QuantizeLinear")).toHaveLength(1);
    expect(apart).toEqual({ literal: near, optimized: near, wasm: near });
    expect(leastSqnr(codes)).toBeGreaterThan(25);
  });
});

const pool = [intsAttribute("kernel_shape", [2, 2])];
const again = node("Conv", ["e", "v"], "out");
const computing = (nodes: readonly NodeProto[], constants: Record<string, Tensor> = {}) =>
  network([first, node("Conv", ["x", "w2"], "d"), ...nodes, again], [1, 3, 8, 8], {
    ...side,
    w2: noise([4, 3, 3, 3], 9),
    ...constants,
  });
const dense = (nodes: readonly NodeProto[], constants: Record<string, Tensor> = {}, dims = [4, 8]) =>
  network(nodes, dims, { m: noise([8, 8], 3), n: noise([8, 6], 4), k: noise([8], 5), ...constants });

const COMPUTED: readonly (readonly [string, ModelProto, readonly string[]])[] = [
  ["Add", computing([node("Add", ["c", "d"], "e")]), ["QLinearAdd"]],
  ["Add, Relu", computing([node("Add", ["c", "d"], "a"), node("Relu", ["a"], "e")]), ["QLinearAdd"]],
  ["Mul by a constant", computing([node("Mul", ["c", "k"], "e")], { k: noise([4, 1, 1], 2) }), ["QLinearMul"]],
  ["a tensor by itself", computing([node("Mul", ["c", "c"], "e")]), ["QLinearMul"]],
  [
    "Concat",
    network(
      [first, node("Concat", ["c", "x"], "e", [intAttribute("axis", 1)]), node("Conv", ["e", "u"], "out")],
      [1, 3, 6, 6],
      { ...side, w: noise([4, 3, 1, 1], 4), u: noise([2, 7, 1, 1], 5) },
    ),
    ["QLinearConcat"],
  ],
  ["AveragePool", computing([node("AveragePool", ["c"], "e", pool)]), ["QLinearAveragePool"]],
  [
    "AveragePool beyond its input",
    computing([
      node("AveragePool", ["c"], "e", [
        ...pool,
        intsAttribute("pads", [1, 1, 1, 1]),
        intAttribute("count_include_pad", 1),
      ]),
    ]),
    ["QLinearAveragePool"],
  ],
  ["GlobalAveragePool", computing([node("GlobalAveragePool", ["c"], "e")]), ["QLinearGlobalAveragePool"]],
  ["LeakyRelu", computing([node("LeakyRelu", ["c"], "e", [floatAttribute("alpha", 0.2)])]), ["QLinearLeakyRelu"]],
  ["Sigmoid", computing([node("Sigmoid", ["c"], "e")]), ["QLinearSigmoid"]],
  ["Softmax", computing([node("Softmax", ["c"], "e")]), ["QLinearSoftmax"]],
  ["Softmax of channels", computing([node("Softmax", ["c"], "e", [intAttribute("axis", 1)])]), ["QLinearSoftmax"]],
  [
    "Where",
    computing([node("Greater", ["x4", "zero"], "p"), node("Where", ["p", "c", "d"], "e")], {
      zero: scalar("float32", 0),
      x4: noise([4, 1, 1], 3),
    }),
    ["QLinearWhere"],
  ],
  [
    "depthwise Conv",
    computing([node("Conv", ["c", "u"], "e", [intAttribute("group", 4)])], { u: noise([4, 1, 3, 3], 5) }),
    [],
  ],
  [
    "Gemm",
    dense([node("Gemm", ["x", "m", "k"], "g"), node("Relu", ["g"], "r"), node("Gemm", ["r", "n"], "out")]),
    ["QGemm", "QGemm"],
  ],
  [
    "Gemm, transposed",
    dense(
      [
        node("Gemm", ["x", "m", "k"], "g", [intAttribute("transA", 1), intAttribute("transB", 1)]),
        node("Gemm", ["g", "n"], "out", [floatAttribute("alpha", 0.5)]),
      ],
      {},
      [8, 4],
    ),
    ["QGemm", "QGemm"],
  ],
  [
    "MatMul",
    dense([node("MatMul", ["x", "m"], "g"), node("MatMul", ["g", "n"], "out")]),
    ["QLinearMatMul", "MatMulIntegerToFloat"],
  ],
  [
    "MatMul and Add of sequences",
    dense(
      [
        node("MatMul", ["x", "m"], "g"),
        node("Add", ["k", "g"], "a"),
        node("Relu", ["a"], "r"),
        node("MatMul", ["r", "n"], "out"),
      ],
      {},
      [2, 4, 8],
    ),
    ["MatMulIntegerToFloat", "MatMulIntegerToFloat"],
  ],
  [
    "MatMul of two activations",
    dense(
      [
        node("MatMul", ["x", "m"], "g"),
        node("MatMul", ["x", "x"], "h"),
        node("Add", ["g", "h"], "a"),
        node("MatMul", ["a", "n"], "out"),
      ],
      {},
      [8, 8],
    ),
    ["QLinearMatMul", "QLinearMatMul", "QLinearAdd", "MatMulIntegerToFloat"],
  ],
];

describe("layers on codes", () => {
  const cases = COMPUTED.flatMap(([name, model, wanted]) => [
    [name, "uint8", model, wanted, {}] as const,
    [name, "int8", model, wanted, { activations: SIGNED }] as const,
    [
      name,
      "scales of tensors",
      model,
      wanted,
      { weights: { type: "int8", granularity: "tensor", rounding: "nearest" } },
    ] as const,
  ]);
  it.each(cases)(
    "come to what ONNX Runtime makes of pairs of Q and DQ: %s, %s",
    async (_, __, model, wanted, choices) => {
      const { codes, apart } = await both(model, { ...choices, elementwise: "auto" } as Choices);
      const operators = operatorsOf(codes);
      const kernels = operators.filter((operator) => /^QLinear(?!Conv)|^QGemm|Integer/.test(operator));
      expect(kernels).toEqual(wanted);
      expect(operators.filter((operator) => operator === "DequantizeLinear").length).toBeLessThan(2);
      expect(operators.filter((operator) => ["Conv", "Gemm", "MatMul", "Relu"].includes(operator))).toEqual([]);
      expect(apart).toEqual({ literal: near, optimized: near, wasm: near });
      expect(leastSqnr(codes)).toBeGreaterThan(20);
    },
  );
});

describe("clamps", () => {
  const clip = [node("Clip", ["c", "low", "high"], "e")];
  const bounds = { low: scalar("float32", -0.25), high: scalar("float32", 0.5) };
  it.each<[string, ModelProto, Choices, boolean]>([
    ["that saturating implies are left out", moving([node("Relu", ["c"], "e")]), {}, false],
    ["that it does not work on codes", moving([node("Relu", ["c"], "e")]), { activations: SIGNED }, true],
    ["to bounds of a range that is wider", moving(clip, bounds), { activations: SIGNED }, true],
    ["after a sum", computing([node("Add", ["c", "d"], "a"), node("Relu", ["a"], "e")]), { activations: SIGNED }, true],
  ])("%s", async (_, model, choices, isWritten) => {
    const { codes, apart } = await both(model, choices);
    const operators = operatorsOf(codes);
    expect(operators.includes("Clip")).toBe(isWritten);
    expect(operators.filter((operator) => operator === "QLinearConv").length).toBeGreaterThan(1);
    expect(operators).not.toContain("Relu");
    expect(apart).toEqual({ literal: near, optimized: near, wasm: near });
  });

  it("one after the other leave their layer in float", async () => {
    const { codes, apart } = await both(
      moving([node("Relu", ["c"], "r"), node("Clip", ["r", "low", "high"], "e")], bounds),
    );
    expect(operatorsOf(codes)).toEqual(expect.arrayContaining(["Conv", "QLinearConv"]));
    expect(apart).toEqual({ literal: near, optimized: near, wasm: near });
  });
});

describe("what has no operator on codes", () => {
  it.each<[string, ModelProto, Choices]>([
    ["ConvTranspose", moving([node("ConvTranspose", ["c", "t"], "e")], { t: noise([4, 4, 2, 2], 9) }), {}],
    ["Pad", moving([node("Pad", ["c", "ends"], "e")], { ends: vector("int64", [0, 0, 1, 0, 0, 0, 1, 0]) }), {}],
    ["a clamp that another layer sees behind", computing([node("Relu", ["c"], "r"), node("Add", ["c", "r"], "e")]), {}],
    ["an operator of no gain", moving([node("Sin", ["c"], "e")]), {}],
    ["a layer that the recipe leaves", moving([node("Conv", ["c", "v"], "e")]), { float: { layers: ["e"] } }],
    ["a Conv whose result the recipe leaves", moving([node("Relu", ["c"], "e")]), { float: { tensors: ["c"] } }],
    [
      "a constant that is not finite",
      computing([node("Mul", ["c", "k"], "e")], { k: vector("float32", [Infinity]) }),
      {},
    ],
  ])("is computed in float between DQ and Q: %s", async (_, model, choices) => {
    const { codes, apart } = await both(model, choices);
    const operators = operatorsOf(codes);
    expect(operators).toContain("QLinearConv");
    expect(operators.filter((operator) => operator === "DequantizeLinear").length).toBeGreaterThan(0);
    expect(apart).toEqual({ literal: near, optimized: near, wasm: near });
  });

  it("gives its rounded values where they are outputs", async () => {
    const model = buildModel({
      opset: 17,
      inputs: [floatInput("x", [1, 3, 8, 8])],
      outputs: ["c", "e", "t", "out"],
      nodes: [first, node("Relu", ["c"], "e"), node("Transpose", ["e"], "t"), last],
      constants: side,
    });
    const { codes, apart } = await both(model);
    expect(codes.model.graph?.output.map(({ name }) => name)).toEqual(["c", "e", "t", "out"]);
    expect(apart).toEqual({ literal: near, optimized: near, wasm: near });
  });
});

describe("real models", needsShared, () => {
  it.each<[string, () => (index: number) => Tensor, readonly string[]]>([
    ["fmnist_dw_folded", garments, ["QGemm", "QLinearAdd", "QLinearConv", "QLinearGlobalAveragePool"]],
    [
      "squeezenet1.1",
      () => photographs({ scale: 1 / 255, mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] }),
      ["QLinearAveragePool", "QLinearConcat", "QLinearConv"],
    ],
    ["stories260K", tokens, ["MatMulIntegerToFloat", "QLinearMatMul", "QLinearMul"]],
  ])("%s: the kernels of pairs of Q and DQ, and their values", async (name, samplesOf, kernels) => {
    const { folded } = await prepareModel(
      decodeModel(readShared(`models/${name}.onnx`), name),
      (part) => run(part),
      ORT.opset,
    );
    const input = inputPorts(folded)[0]?.name ?? "";
    const sampleOf = samplesOf();
    const feedsOf = (_: ModelProto, index: number) => new Map([[input, sampleOf(index)]]);
    const pairs = await tryOut(folded, {}, feedsOf);
    const codes = await tryOut(folded, { format }, feedsOf);
    const made = new Set(await optimizedOperators(codes.model));
    expect([...made]).toEqual(expect.arrayContaining([...kernels]));
    expect([...made].filter((operator) => /^(Fused)?(Conv|Gemm)$/.test(operator))).toEqual([]);
    const [one, other] = await Promise.all([pairs, codes].map(({ model }) => run(model, feedsOf(model, 1))));
    for (const [output, { data }] of one!) {
      const comparator = new Comparator();
      comparator.add(data as Float32Array, other!.get(output)!.data as Float32Array);
      // A tie that is rounded the other way spreads; quantizing itself costs 10 dB and more beyond that.
      expect(comparator.result().sqnr).toBeGreaterThan((pairs.sqnr[output]?.optimized ?? 0) + 10);
    }
  });
});
