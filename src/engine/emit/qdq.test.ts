import { create } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import { optimizedOperators } from "../graph/testing/native.ts";
import { assertLayersLeft } from "../job/layersLeft.ts";
import { reasonText } from "../model/reason.ts";
import type { Tensor } from "../model/tensor.ts";
import { floatAttribute, intAttribute, intsAttribute, makeNode, stringAttribute } from "../onnx/attributes.ts";
import {
  AttributeProto_AttributeType,
  AttributeProtoSchema,
  GraphProtoSchema,
  type ModelProto,
  type NodeProto,
  ValueInfoProtoSchema,
} from "../onnx/proto/onnx_pb.ts";
import { dimsOf, scalar, tensorOf, vector } from "../onnx/tensor.ts";
import { buildModel, floatInput, noise } from "../onnx/testing/build.ts";
import { type Choices, leastSqnr, tryOut } from "./testing/trial.ts";

const int8: Choices = { activations: { type: "int8", symmetric: true } };
const perTensor: Choices = { weights: { type: "int8", granularity: "tensor", rounding: "nearest" } };
const attributes = (...list: NonNullable<Parameters<typeof makeNode>[3]>["attributes"] & object) => ({
  attributes: list,
});

function model(
  nodes: readonly NodeProto[],
  options: {
    readonly dims?: readonly number[];
    readonly outputs?: readonly string[];
    readonly constants?: Readonly<Record<string, Tensor>>;
    readonly opset?: number;
  } = {},
): ModelProto {
  return buildModel({
    opset: options.opset ?? 17,
    inputs: [floatInput("x", options.dims ?? [1, 4, 6, 6])],
    outputs: options.outputs ?? ["out"],
    nodes,
    constants: { w: noise([4, 4, 3, 3], 7), b: noise([4], 8), v: noise([4, 4, 1, 1], 9), ...options.constants },
  });
}

const pads = intsAttribute("pads", [1, 1, 1, 1]);
const conv = (input: string, output: string, weight = "w", bias = "b") =>
  makeNode("Conv", [input, weight, bias].filter(Boolean), [output], { name: `conv_${output}`, attributes: [pads] });
const point = (input: string, output: string) => makeNode("Conv", [input, "v"], [output]);
const node = makeNode;

const gemm = (
  constants: Readonly<Record<string, Tensor>>,
  list: NonNullable<Parameters<typeof makeNode>[3]>["attributes"] = [],
  inputs: readonly string[] = ["x", "m", "c"],
) =>
  model(
    [
      node("Gemm", inputs, ["a"], { attributes: list }),
      node("Relu", ["a"], ["r"]),
      node("Transpose", ["r"], ["t"]),
      node("MatMul", ["r", "t"], ["out"]),
    ],
    { dims: [5, 8], constants },
  );

/** The same tensor with each value changed. */
function mapped({ dims, data }: Tensor, change: (value: number, index: number) => number): Tensor {
  return { type: "float32", dims, data: Float32Array.from(data as Float32Array, change) };
}

function ops({ model: { graph } }: { readonly model: ModelProto }): string[] {
  return graph?.node.map(({ opType }) => opType) ?? [];
}

/** Graphs that have to run, optimized and as written, near their float form. */
const graphs: readonly (readonly [string, ModelProto])[] = [
  ["Conv, Relu, Conv", model([conv("x", "a"), node("Relu", ["a"], ["r"]), conv("r", "out")])],
  ["Conv without bias", model([conv("x", "out", "w", "")])],
  ["an empty optional bias", model([node("Conv", ["x", "v", ""], ["a"]), point("a", "out")])],
  [
    "a Relu whose input is an output too",
    model([conv("x", "a"), node("Relu", ["a"], ["out"])], { outputs: ["a", "out"] }),
  ],
  [
    "a Relu whose input has other readers",
    model([conv("x", "a"), node("Relu", ["a"], ["r"]), node("Add", ["a", "r"], ["s"]), point("s", "out")]),
  ],
  [
    "Clip to [1, 3]",
    model([conv("x", "a"), node("Clip", ["a", "one", "three"], ["c"]), point("c", "out")], {
      constants: { one: scalar("float32", 1), three: scalar("float32", 3) },
    }),
  ],
  [
    "Clip to [-3, -1]",
    model([conv("x", "a"), node("Clip", ["a", "low", "high"], ["c"]), point("c", "out")], {
      constants: { low: scalar("float32", -3), high: scalar("float32", -1) },
    }),
  ],
  [
    "Clip without a lower bound",
    model([conv("x", "a"), node("Clip", ["a", "", "high"], ["c"]), point("c", "out")], {
      constants: { high: scalar("float32", 1) },
    }),
  ],
  ["Clip without bounds", model([conv("x", "a"), node("Clip", ["a"], ["c"]), point("c", "out")])],
  [
    "Clip after Relu",
    model([conv("x", "a"), node("Relu", ["a"], ["r"]), node("Clip", ["r", "", "high"], ["c"]), point("c", "out")], {
      constants: { high: scalar("float32", 1) },
    }),
  ],
  [
    "Relu after Add",
    model([
      conv("x", "a"),
      point("x", "p"),
      node("Add", ["a", "p"], ["s"]),
      node("Relu", ["s"], ["r"]),
      point("r", "out"),
    ]),
  ],
  [
    "Relu after Concat",
    model([
      point("x", "a"),
      point("a", "p"),
      node("Concat", ["a", "p"], ["s"], attributes(intAttribute("axis", 2))),
      node("Relu", ["s"], ["r"]),
      point("r", "out"),
    ]),
  ],
  [
    "Relu after MaxPool",
    model([
      conv("x", "a"),
      node("MaxPool", ["a"], ["m"], attributes(intsAttribute("kernel_shape", [2, 2]))),
      node("Relu", ["m"], ["r"]),
      point("r", "out"),
    ]),
  ],
  ["Add of a tensor to itself", model([conv("x", "a"), node("Add", ["a", "a"], ["s"]), point("s", "out")])],
  [
    "Concat that repeats a tensor",
    model([conv("x", "a"), node("Concat", ["a", "a"], ["s"], attributes(intAttribute("axis", 3))), point("s", "out")]),
  ],
  [
    "Add and Mul with constants",
    model([conv("x", "a"), node("Add", ["a", "k"], ["s"]), node("Mul", ["k", "s"], ["t"]), point("t", "out")], {
      constants: { k: noise([4, 1, 1], 4) },
    }),
  ],
  [
    "Split",
    model(
      [
        conv("x", "a"),
        node("Split", ["a"], ["l", "r"], attributes(intAttribute("axis", 2))),
        node("Add", ["l", "r"], ["s"]),
        point("s", "out"),
      ],
      { opset: 13 },
    ),
  ],
  [
    "MaxPool with indices",
    model(
      [
        conv("x", "a"),
        node(
          "MaxPool",
          ["a"],
          ["m", "i"],
          attributes(intsAttribute("kernel_shape", [2, 2]), intsAttribute("strides", [2, 2])),
        ),
        point("m", "out"),
      ],
      { outputs: ["out", "i"] },
    ),
  ],
  [
    "movers around a float operator",
    model([
      conv("x", "a"),
      node("Transpose", ["a"], ["t"], attributes(intsAttribute("perm", [0, 2, 3, 1]))),
      node("Tanh", ["t"], ["h"]),
      node("Transpose", ["h"], ["u"], attributes(intsAttribute("perm", [0, 3, 1, 2]))),
      point("u", "out"),
    ]),
  ],
  [
    "linear Resize",
    model(
      [
        conv("x", "a"),
        node("Resize", ["a", "", "scales"], ["u"], attributes(stringAttribute("mode", "linear"))),
        point("u", "out"),
      ],
      { constants: { scales: vector("float32", [1, 1, 2, 2]) } },
    ),
  ],
  [
    "cubic Resize",
    model(
      [
        conv("x", "a"),
        node("Resize", ["a", "", "scales"], ["u"], attributes(stringAttribute("mode", "cubic"))),
        point("u", "out"),
      ],
      { constants: { scales: vector("float32", [1, 1, 2, 2]) } },
    ),
  ],
  [
    "nearest Resize",
    model(
      [
        conv("x", "a"),
        node("Resize", ["a", "", "scales"], ["u"], attributes(stringAttribute("mode", "nearest"))),
        point("u", "out"),
      ],
      { constants: { scales: vector("float32", [1, 1, 2, 2]) } },
    ),
  ],
  [
    "Pad with a value",
    model([conv("x", "a"), node("Pad", ["a", "p", "k"], ["u"]), point("u", "out")], {
      constants: { p: vector("int64", [0, 0, 1, 1, 0, 0, 1, 1]), k: scalar("float32", 5) },
    }),
  ],
  [
    "Pad with zeros",
    model([conv("x", "a"), node("Pad", ["a", "p"], ["u"]), point("u", "out")], {
      constants: { p: vector("int64", [0, 0, 1, 1, 0, 0, 1, 1]) },
    }),
  ],
  [
    "depthwise Conv",
    model([node("Conv", ["x", "d", "b"], ["a"], attributes(pads, intAttribute("group", 4))), point("a", "out")], {
      constants: { d: noise([4, 1, 3, 3], 3) },
    }),
  ],
  [
    "grouped Conv",
    model([node("Conv", ["x", "d", "b"], ["a"], attributes(pads, intAttribute("group", 2))), point("a", "out")], {
      constants: { d: noise([4, 2, 3, 3], 3) },
    }),
  ],
  [
    "one-dimensional Conv",
    model([node("Conv", ["x", "d"], ["out"])], { dims: [1, 3, 16], constants: { d: noise([5, 3, 3], 3) } }),
  ],
  [
    "ConvTranspose",
    model(
      [
        node("ConvTranspose", ["x", "d", "e"], ["a"]),
        node("Relu", ["a"], ["r"]),
        node("ConvTranspose", ["r", "f"], ["out"]),
      ],
      { constants: { d: noise([4, 6, 3, 3], 3), e: noise([6], 5), f: noise([6, 2, 2, 2], 6) } },
    ),
  ],
  [
    "grouped ConvTranspose",
    model([node("ConvTranspose", ["x", "d", "b"], ["a"], attributes(intAttribute("group", 2))), point("a", "out")], {
      constants: { d: noise([4, 2, 3, 3], 3) },
    }),
  ],
  [
    "average pools",
    model([
      conv("x", "a"),
      node("AveragePool", ["a"], ["p"], attributes(intsAttribute("kernel_shape", [2, 2]))),
      point("p", "q"),
      node("GlobalAveragePool", ["q"], ["g"]),
      point("g", "out"),
    ]),
  ],
  [
    "LeakyRelu and Sigmoid",
    model([
      conv("x", "a"),
      node("LeakyRelu", ["a"], ["l"]),
      node("Sigmoid", ["a"], ["s"]),
      node("Mul", ["l", "s"], ["m"]),
      point("m", "out"),
    ]),
  ],
  [
    "Softmax",
    model([conv("x", "a"), node("Softmax", ["a"], ["s"], attributes(intAttribute("axis", 3))), point("s", "out")]),
  ],
  [
    "MatMul, bias, Relu",
    model(
      [
        node("MatMul", ["x", "m"], ["a"]),
        node("Add", ["a", "c"], ["s"]),
        node("Relu", ["s"], ["r"]),
        node("MatMul", ["r", "n"], ["out"]),
      ],
      { dims: [3, 8], constants: { m: noise([8, 6], 3), c: noise([6], 4), n: noise([6, 5], 5) } },
    ),
  ],
  [
    "MatMul with a constant left operand",
    model([node("MatMul", ["m", "x"], ["a"]), node("MatMul", ["a", "n"], ["out"])], {
      dims: [8, 6],
      constants: { m: noise([5, 8], 3), n: noise([6, 4], 5) },
    }),
  ],
  [
    "MatMul with batched weights",
    model([node("MatMul", ["x", "m"], ["a"]), node("MatMul", ["a", "n"], ["out"])], {
      dims: [2, 3, 8],
      constants: { m: noise([2, 8, 6], 3), n: noise([6, 4], 5) },
    }),
  ],
  [
    "MatMul with a vector",
    model([node("MatMul", ["x", "n"], ["a"]), node("MatMul", ["a", "m"], ["out"])], {
      dims: [3, 8],
      constants: { n: noise([8, 8], 2), m: noise([8], 3) },
    }),
  ],
  [
    "MatMul of two activations",
    model(
      [
        node("MatMul", ["x", "m"], ["q"]),
        node("Transpose", ["q"], ["t"]),
        node("MatMul", ["q", "t"], ["s"]),
        node("Softmax", ["s"], ["p"]),
        node("MatMul", ["p", "q"], ["out"]),
      ],
      { dims: [6, 8], constants: { m: noise([8, 8], 3) } },
    ),
  ],
  ["MatMul of a tensor with itself", model([node("MatMul", ["x", "x"], ["out"])], { dims: [6, 6] })],
  ["Gemm", gemm({ m: noise([8, 6], 3), c: noise([6], 4) })],
  ["Gemm, transB", gemm({ m: noise([6, 8], 3), c: noise([6], 4) }, [intAttribute("transB", 1)])],
  ["Gemm, transA", gemm({ m: noise([5, 6], 3), c: noise([6], 4) }, [intAttribute("transA", 1)])],
  [
    "Gemm, alpha and beta",
    gemm({ m: noise([8, 6], 3), c: noise([6], 4) }, [floatAttribute("alpha", 0.5), floatAttribute("beta", 2)]),
  ],
  ["Gemm with a scalar C", gemm({ m: noise([8, 6], 3), c: scalar("float32", 2) })],
  ["Gemm with a matrix C", gemm({ m: noise([8, 6], 3), c: noise([5, 6], 4) })],
  ["Gemm with a constant left operand", gemm({ m: noise([6, 5], 3), c: noise([8], 4) }, [], ["m", "x", "c"])],
  ["a weight that two layers share", model([conv("x", "a"), conv("a", "c"), point("c", "out")])],
  [
    "a constant that is a weight and an operand",
    model([point("x", "a"), node("Add", ["a", "k"], ["s"]), node("Conv", ["s", "k"], ["out"])], {
      dims: [4, 4, 1, 1],
      constants: { k: noise([4, 4, 1, 1], 2) },
    }),
  ],
  ["a weight that is an output", model([point("x", "out")], { outputs: ["out", "v"] })],
  [
    "an output that is read on",
    model([conv("x", "a"), node("Relu", ["a"], ["r"]), point("r", "out")], { outputs: ["r", "out"] }),
  ],
  ["an input that is an output", model([conv("x", "out")], { outputs: ["x", "out"] })],
  ["opset 13", model([conv("x", "a"), node("Relu", ["a"], ["r"]), point("r", "out")], { opset: 13 })],
  ["opset 21", model([conv("x", "a"), node("Relu", ["a"], ["r"]), point("r", "out")], { opset: 21 })],
];

describe("quantizeGraph", () => {
  it.each(graphs)("runs near the float model: %s", async (_, graph) => {
    for (const choices of [{}, int8]) {
      const trial = await tryOut(graph, choices);
      expect(leastSqnr(trial)).toBeGreaterThan(20);
      expect(trial.plan.layers.some(({ precision }) => precision === "int8")).toBe(true);
    }
    for (const { literal } of Object.values((await tryOut(graph, perTensor)).sqnr)) expect(literal).toBeGreaterThan(20);
  });

  it("is recognised as quantized", async () => {
    const { model: quantized } = await tryOut(model([conv("x", "out")]));
    expect(() => assertLayersLeft(quantized, quantized, "out.onnx")).toThrow("already quantized");
  });

  it("is the same every time", async () => {
    const graph = model([conv("x", "a"), node("Relu", ["a"], ["r"]), point("r", "out")]);
    expect((await tryOut(graph)).model).toEqual((await tryOut(graph)).model);
  });

  it("leaves the model given as it was", async () => {
    const build = () => model([conv("x", "a"), node("Relu", ["a"], ["r"]), point("r", "out")]);
    const graph = build();
    await tryOut(graph);
    expect(graph).toEqual(build());
  });

  describe("clamps", () => {
    const relu = model([conv("x", "a"), node("Relu", ["a"], ["r"]), point("r", "out")]);

    it("drops a Relu that the range of uint8 implies, and keeps it before the Q of symmetric int8", async () => {
      expect(ops(await tryOut(relu))).not.toContain("Relu");
      const kept = (await tryOut(relu, int8)).model.graph?.node ?? [];
      const clamp = kept.find(({ opType }) => opType === "Relu");
      expect(kept.find(({ input }) => input[0] === clamp?.output[0])?.opType).toBe("QuantizeLinear");
    });

    it("drops Clip(0, 6) when the range ends at 6, and keeps Clip(1, 3)", async () => {
      const clip = (low: number, high: number) =>
        model([conv("x", "a"), node("Clip", ["a", "low", "high"], ["c"]), point("c", "out")], {
          constants: {
            w: mapped(noise([4, 4, 3, 3]), (value) => 20 * value),
            low: scalar("float32", low),
            high: scalar("float32", high),
          },
        });
      const six = await tryOut(clip(0, 6));
      expect(ops(six)).not.toContain("Clip");
      expect(six.affine.get("c")).toEqual({ scale: Math.fround(6 / 255), zeroPoint: 0 });
      expect(ops(await tryOut(clip(1, 3)))).toContain("Clip");
    });

    it("keeps the clamped values of a dropped Relu that is an output, or that a subgraph reads", async () => {
      const output = await tryOut(model([conv("x", "a"), node("Relu", ["a"], ["out"])]));
      expect(ops(output)).not.toContain("Relu");
      expect(Math.min(...Array.from(output.outputs.get("out")?.data ?? [], Number))).toBe(0);

      const branch = (name: string, opType: string) =>
        create(AttributeProtoSchema, {
          name,
          type: AttributeProto_AttributeType.GRAPH,
          g: create(GraphProtoSchema, {
            name,
            node: [makeNode(opType, ["r"], [`${name}_out`])],
            output: [create(ValueInfoProtoSchema, { name: `${name}_out` })],
          }),
        });
      const captured = await tryOut(
        model(
          [
            conv("x", "a"),
            node("Relu", ["a"], ["r"]),
            point("r", "p"),
            node("ReduceMax", ["x"], ["top"], attributes(intAttribute("keepdims", 0))),
            node("Greater", ["top", "zero"], ["positive"]),
            node("If", ["positive"], ["out"], {
              attributes: [branch("then_branch", "Sqrt"), branch("else_branch", "Neg")],
            }),
          ],
          { outputs: ["out", "p"], constants: { zero: scalar("float32", 0) } },
        ),
      );
      expect(ops(captured)).not.toContain("Relu");
      expect(leastSqnr(captured)).toBeGreaterThan(20);
    });
  });

  describe("names", () => {
    it("steps aside for tensors and nodes that are called like its own", async () => {
      const trial = await tryOut(
        model(
          [
            { ...conv("x", "a"), name: "x_QuantizeLinear" },
            node("Relu", ["a"], ["x_scale"]),
            point("x_scale", "x_QuantizeLinear_Output"),
            point("x_QuantizeLinear_Output", "out"),
          ],
          { constants: { x_zero_point: scalar("float32", 1), w_quantized: noise([1]) } },
        ),
      );
      expect(leastSqnr(trial)).toBeGreaterThan(20);
      const nodes = trial.model.graph?.node ?? [];
      const names = nodes.map(({ name }) => name).filter(Boolean);
      expect(new Set(names).size).toBe(names.length);
    });

    it("keeps inputs and outputs", async () => {
      const { model: quantized } = await tryOut(model([conv("x", "out")], { outputs: ["out"] }));
      expect(quantized.graph?.input.map(({ name }) => name)).toEqual(["x"]);
      expect(quantized.graph?.output.map(({ name }) => name)).toEqual(["out"]);
    });

    it("keeps the value info of tensors that are still there", async () => {
      const graph = model([conv("x", "a"), node("Relu", ["a"], ["r"]), point("r", "out")]);
      graph.graph?.valueInfo.push(floatInput("a", [1, 4, 6, 6]), floatInput("r", [1, 4, 6, 6]));
      const { model: quantized } = await tryOut(graph);
      expect(quantized.graph?.valueInfo.map(({ name }) => name)).toEqual(["r"]);
    });
  });

  describe("weights and biases", () => {
    const constantsOf = (quantized: ModelProto) =>
      new Map(quantized.graph?.initializer.map((proto) => [proto.name, tensorOf(proto)]));

    it("writes the axis of every scale per channel, and weights of one scale per tensor", async () => {
      const graph = model(
        [
          node("Gemm", ["x", "t", "c"], ["g"], attributes(intAttribute("transB", 1))),
          node("MatMul", ["g", "m"], ["out"]),
        ],
        { dims: [2, 8], constants: { t: noise([6, 8], 3), c: noise([6], 4), m: noise([6, 5], 5) } },
      );
      const { model: channel } = await tryOut(graph);
      const initializers = new Map(channel.graph?.initializer.map((proto) => [proto.name, proto]));
      const axes = (channel.graph?.node ?? [])
        .filter(
          ({ opType, input }) =>
            opType === "DequantizeLinear" && dimsOf(initializers.get(input[1] ?? "")!).length === 1,
        )
        .map(({ input, attribute }) => [input[0], Number(attribute.find(({ name }) => name === "axis")?.i)]);
      expect(axes).toEqual([
        ["t_quantized", 0],
        ["c_quantized", 0],
        ["m_quantized", 1],
      ]);

      const { model: tensor } = await tryOut(graph, perTensor);
      expect(constantsOf(tensor).get("t_scale")?.dims).toEqual([]);
    });

    it("gives the bias the scale of input times weight, and zero point 0", async () => {
      const trial = await tryOut(model([conv("x", "out")]));
      const constants = constantsOf(trial.model);
      const weights = constants.get("w_scale")?.data as Float32Array;
      const input = trial.affine.get("x")?.scale ?? 0;
      expect(constants.get("b_scale")?.data).toEqual(weights.map((scale) => input * scale));
      expect(constants.get("b_zero_point")).toEqual({ type: "int32", dims: [4], data: new Int32Array(4) });
      expect(constants.get("w_zero_point")).toEqual({ type: "int8", dims: [4], data: new Int8Array(4) });
    });

    it("writes no zero point of an int32 bias but for recipes of before, and runs the same kernels to the same values", async () => {
      const before = await tryOut(model([conv("x", "out")]));
      const now = await tryOut(model([conv("x", "out")]), { elementwise: "auto" });
      expect(constantsOf(before.model).has("b_zero_point")).toBe(true);
      expect(constantsOf(now.model).has("b_zero_point")).toBe(false);
      expect(constantsOf(now.model).get("b_quantized")).toEqual(constantsOf(before.model).get("b_quantized"));
      expect(now.outputs).toEqual(before.outputs);
      expect(await optimizedOperators(now.model)).toEqual(await optimizedOperators(before.model));
    });

    it("raises the scale of a near-dead channel until its bias fits", async () => {
      const faint = mapped(noise([4, 4, 3, 3], 7), (value, i) => (i < 36 ? value * 1e-9 : value));
      const trial = await tryOut(model([conv("x", "out")], { constants: { w: faint } }));
      expect(leastSqnr(trial)).toBeGreaterThan(30);
      expect(trial.notices.map(({ message }) => message)).toContainEqual(expect.stringContaining("bias fits 32 bits"));
    });

    it("keeps a shared weight in float for the layer that stays in float", async () => {
      const shared = model([conv("x", "a"), conv("a", "out")]);
      const trial = await tryOut(shared, { float: { layers: ["conv_out"] } });
      const names = trial.model.graph?.initializer.map(({ name }) => name);
      expect(names).toContain("w");
      expect(names).toContain("w_quantized");
      expect((await tryOut(shared)).model.graph?.initializer.map(({ name }) => name)).not.toContain("w");
      expect(leastSqnr(trial)).toBeGreaterThan(25);
    });

    it("quantizes a bias that two layers share for each of them", async () => {
      const trial = await tryOut(model([conv("x", "a"), conv("a", "out")]));
      expect(trial.model.graph?.initializer.filter(({ name }) => /^b_quantized/.test(name))).toHaveLength(2);
    });
  });

  it("warns of a tensor that is always zero and gives it a usable scale", async () => {
    const zero = { type: "float32", dims: [4, 4, 3, 3], data: new Float32Array(144) } as const;
    const trial = await tryOut(model([conv("x", "dead", "w", ""), point("dead", "out")], { constants: { w: zero } }));
    expect(trial.affine.get("dead")).toEqual({ scale: 1, zeroPoint: 0 });
    expect(trial.notices).toContainEqual(expect.objectContaining({ kind: "warning", subject: "dead" }));
    expect(leastSqnr(trial)).toBeGreaterThan(60);
  });

  it("gives Softmax [0, 1]", async () => {
    const softmax = (last: NodeProto) => model([last, node("Softmax", ["h"], ["s"]), point("s", "out")]);
    for (const last of [conv("x", "h"), node("Tanh", ["x"], ["h"])]) {
      expect((await tryOut(softmax(last))).affine.get("s")).toEqual({ scale: Math.fround(1 / 255), zeroPoint: 0 });
    }
    expect((await tryOut(softmax(conv("x", "h")), int8)).affine.get("s")).toEqual({
      scale: Math.fround(1 / 127),
      zeroPoint: 0,
    });
  });

  it("quantizes nothing of a model in float16", async () => {
    const half = (name: string, output: string) => node("Cast", [name], [output], attributes(intAttribute("to", 10)));
    const trial = await tryOut(
      model([
        half("x", "h"),
        half("w", "g"),
        node("Conv", ["h", "g"], ["y"]),
        node("Cast", ["y"], ["out"], attributes(intAttribute("to", 1))),
      ]),
    );
    expect(trial.plan.groups).toEqual([]);
    expect(reasonText(trial.plan.layers.find(({ operator }) => operator === "Conv")!.reason!)).toBe(
      "its values are float16, not float32",
    );
  });

  it("leaves a layer with a NaN in its weight in float and names the weight", async () => {
    const data = noise([4, 4, 1, 1]).data as Float32Array;
    data[3] = Number.NaN;
    const { plan } = await tryOut(
      model([conv("x", "a"), point("a", "out")], { constants: { v: { type: "float32", dims: [4, 4, 1, 1], data } } }),
    );
    expect(plan.layers[1]?.precision).toBe("float32");
    expect(reasonText(plan.layers[1]!.reason!)).toBe("its weight v holds NaN or infinite values");
  });
});
