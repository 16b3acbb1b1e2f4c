import { describe, expect, it } from "vitest";
import type { Tensor } from "../model/tensor.ts";
import { floatAttribute, intAttribute, intsAttribute, makeNode } from "../onnx/attributes.ts";
import type { NodeProto } from "../onnx/proto/onnx_pb.ts";
import { vector } from "../onnx/tensor.ts";
import { buildModel, floatInput, noise } from "../onnx/testing/build.ts";
import { foldBatchNormalization } from "./batchnorm.ts";
import { dropUnread } from "./cleanup.ts";
import { graphOf } from "./pass.ts";
import { relativeDifference, run } from "./testing/native.ts";

const normalization = (channels: number): Record<string, Tensor> => ({
  g: noise([channels], 2),
  b: noise([channels], 3),
  m: noise([channels], 4),
  v: vector(
    "float32",
    Array.from({ length: channels }, (_, i) => 0.1 + i),
  ),
});
const batchNorm = (input: string, output: string) =>
  makeNode("BatchNormalization", [input, "g", "b", "m", "v"], [output], {
    attributes: [floatAttribute("epsilon", 1e-3)],
  });

interface Case {
  readonly layer: NodeProto;
  readonly dims: readonly number[];
  readonly constants: Readonly<Record<string, Tensor>>;
}

const conv = (attributes: Parameters<typeof makeNode>[3] = {}, op = "Conv", bias = true) =>
  makeNode(op, ["x", "w", ...(bias ? ["c"] : [])], ["t"], attributes);
const cases: readonly [string, Case][] = [
  [
    "Conv",
    { layer: conv(), dims: [2, 3, 5, 5], constants: { w: noise([4, 3, 3, 3]), c: noise([4], 5), ...normalization(4) } },
  ],
  [
    "Conv without bias",
    { layer: conv({}, "Conv", false), dims: [1, 3, 5], constants: { w: noise([4, 3, 2]), ...normalization(4) } },
  ],
  [
    "depthwise Conv",
    {
      layer: conv({ attributes: [intAttribute("group", 4)] }),
      dims: [1, 4, 5, 5],
      constants: { w: noise([8, 1, 3, 3]), c: noise([8], 5), ...normalization(8) },
    },
  ],
  [
    "ConvTranspose in groups",
    {
      layer: conv({ attributes: [intAttribute("group", 2), intsAttribute("strides", [2, 2])] }, "ConvTranspose"),
      dims: [1, 6, 3, 4],
      constants: { w: noise([6, 5, 2, 3]), c: noise([10], 5), ...normalization(10) },
    },
  ],
  [
    "Gemm",
    { layer: conv({}, "Gemm"), dims: [3, 4], constants: { w: noise([4, 6]), c: noise([6], 5), ...normalization(6) } },
  ],
  [
    "Gemm with alpha, beta and a transposed weight",
    {
      layer: conv(
        { attributes: [floatAttribute("alpha", 0.5), floatAttribute("beta", -2), intAttribute("transB", 1)] },
        "Gemm",
      ),
      dims: [3, 4],
      constants: { w: noise([6, 4]), c: noise([1, 6], 5), ...normalization(6) },
    },
  ],
  [
    "Gemm with one bias for all",
    { layer: conv({}, "Gemm"), dims: [3, 4], constants: { w: noise([4, 6]), c: noise([1], 5), ...normalization(6) } },
  ],
];

describe("foldBatchNormalization", () => {
  it.each(cases)("folds into %s", async (_, { layer, dims, constants }) => {
    const model = buildModel({
      opset: 13,
      inputs: [floatInput("x", dims)],
      outputs: ["y"],
      nodes: [layer, batchNorm("t", "y")],
      constants,
    });
    const { model: folded, changes } = foldBatchNormalization(model);
    expect(changes).toEqual([{ count: 1, noun: "BatchNormalization layer", what: `folded into ${layer.opType}` }]);
    expect(graphOf(folded).node.map(({ opType, output }) => [opType, output])).toEqual([[layer.opType, ["y"]]]);
    const feeds = new Map([["x", noise(dims, 77)]]);
    const [before, after] = [await run(model, feeds, false), await run(folded, feeds, false)];
    expect(relativeDifference(before.get("y"), after.get("y"))).toBeLessThan(2e-6);
  });

  const constants = { w: noise([4, 3, 1, 1]), ...normalization(4) };
  const inputs = [floatInput("x", [1, 3, 2, 2])];

  it("gives each reader of a shared weight its own, and drops what is read no more", async () => {
    const model = buildModel({
      opset: 13,
      inputs,
      outputs: ["y", "z", "p"],
      nodes: [
        makeNode("Conv", ["x", "w"], ["t"]),
        makeNode("Conv", ["x", "w"], ["u"]),
        makeNode("Conv", ["x", "w"], ["p"]),
        batchNorm("t", "y"),
        batchNorm("u", "z"),
      ],
      constants: { ...constants, "w.folded": noise([1]) },
    });
    const folded = dropUnread(foldBatchNormalization(model).model);
    expect(graphOf(folded).initializer.map(({ name }) => name)).toEqual([
      "w",
      "w.folded_1",
      "y.bias.folded",
      "w.folded_2",
      "z.bias.folded",
    ]);
    const feeds = new Map([["x", noise([1, 3, 2, 2], 8)]]);
    const [before, after] = [await run(model, feeds), await run(folded, feeds)];
    for (const name of ["y", "z", "p"])
      expect(relativeDifference(before.get(name), after.get(name))).toBeLessThan(2e-6);
  });

  it.each([
    [
      "another layer reads the tensor between",
      [makeNode("Conv", ["x", "w"], ["t"]), batchNorm("t", "y"), makeNode("Relu", ["t"], ["z"])],
      ["y", "z"],
    ],
    ["the tensor between is an output", [makeNode("Conv", ["x", "w"], ["t"]), batchNorm("t", "y")], ["y", "t"]],
    [
      "the weight is computed",
      [makeNode("Relu", ["w"], ["r"]), makeNode("Conv", ["x", "r"], ["t"]), batchNorm("t", "y")],
      ["y"],
    ],
    ["the layer before is another", [makeNode("Relu", ["x"], ["t"]), batchNorm("t", "y")], ["y"]],
  ])("stays when %s", (_, nodes, outputs) => {
    const model = buildModel({ opset: 13, inputs, outputs, nodes, constants });
    expect(foldBatchNormalization(model)).toEqual({ model, changes: [] });
  });

  it("folds one after another", async () => {
    const nodes = [makeNode("Conv", ["x", "w"], ["t"]), batchNorm("t", "u"), batchNorm("u", "y")];
    const model = buildModel({ opset: 13, inputs, outputs: ["y"], nodes, constants });
    const { model: folded } = foldBatchNormalization(model);
    expect(graphOf(folded).node).toHaveLength(1);
    const feeds = new Map([["x", noise([1, 3, 2, 2], 8)]]);
    expect(relativeDifference((await run(model, feeds)).get("y"), (await run(folded, feeds)).get("y"))).toBeLessThan(
      2e-6,
    );
  });
});

describe("a normalization that is frozen into constants", () => {
  const layers: readonly [string, NodeProto, readonly number[], Readonly<Record<string, Tensor>>, number][] = [
    ["Conv", conv(), [1, 3, 5, 5], { w: noise([4, 3, 3, 3]), c: noise([4], 5) }, 4],
    ["Conv of one dimension", conv({}, "Conv", false), [1, 3, 7], { w: noise([4, 3, 2]) }, 4],
    ["ConvTranspose", conv({}, "ConvTranspose"), [1, 6, 3, 4], { w: noise([6, 5, 2, 3]), c: noise([5], 5) }, 5],
    ["Gemm", conv({}, "Gemm"), [3, 4], { w: noise([4, 6]), c: noise([6], 5) }, 6],
  ];
  const nodes = (order: "constant first" | "constant second") =>
    ["Mul", "Add", "Div", "Sub"].map((op, i, all) => {
      const [from, to] = [i === 0 ? "t" : `u${i}`, i === all.length - 1 ? "y" : `u${i + 1}`];
      const first = order === "constant first" && op !== "Div";
      return makeNode(op, first ? [op, from] : [from, op], [to]);
    });

  for (const order of ["constant first", "constant second"] as const) {
    it.each(layers)(`is folded into %s, ${order}`, async (_, layer, dims, constants, channels) => {
      const rank = dims.length;
      const shape = rank === 2 ? [channels] : [channels, ...Array<number>(rank - 2).fill(1)];
      const model = buildModel({
        opset: 13,
        inputs: [floatInput("x", dims)],
        outputs: ["y"],
        nodes: [layer, ...nodes(order)],
        constants: {
          ...constants,
          Mul: noise(shape, 2),
          Add: noise([1, ...shape], 3),
          Div: noise(rank === 2 ? [1, channels] : shape, 4),
          Sub: noise([1], 5),
        },
      });
      const { model: folded, changes } = foldBatchNormalization(model);
      const op = layer.opType;
      expect(changes).toEqual(
        ["Mul", "Add", "Div", "Sub"].map((noun) => ({
          ...{ count: 1, noun: `constant ${noun}`, what: `folded into ${op}` },
          generation: 2,
        })),
      );
      expect(graphOf(folded).node.map(({ opType, output }) => [opType, output])).toEqual([[op, ["y"]]]);
      const feeds = new Map([["x", noise(dims, 77)]]);
      const [before, after] = [await run(model, feeds, false), await run(folded, feeds, false)];
      expect(relativeDifference(before.get("y"), after.get("y"))).toBeLessThan(1e-5);
    });
  }

  it("scales a MatMul, and leaves what would be its bias to the Add", async () => {
    const model = buildModel({
      opset: 13,
      inputs: [floatInput("x", [2, 3, 4])],
      outputs: ["y"],
      nodes: [
        makeNode("MatMul", ["x", "w"], ["t"]),
        makeNode("Mul", ["t", "f"], ["u"]),
        makeNode("Add", ["u", "c"], ["y"]),
      ],
      constants: { w: noise([4, 6]), f: noise([6], 2), c: noise([6], 3) },
    });
    const { model: folded } = foldBatchNormalization(model);
    expect(graphOf(folded).node.map(({ opType }) => opType)).toEqual(["MatMul", "Add"]);
    const feeds = new Map([["x", noise([2, 3, 4], 77)]]);
    const [before, after] = [await run(model, feeds, false), await run(folded, feeds, false)];
    expect(relativeDifference(before.get("y"), after.get("y"))).toBeLessThan(2e-6);
  });

  it("leaves a normalization of today's as it was: with a bias, even of zeros, and of the first generation", () => {
    const zeros = Object.fromEntries(["b", "m"].map((name) => [name, vector("float32", [0, 0, 0, 0])]));
    const model = buildModel({
      opset: 13,
      inputs: [floatInput("x", [1, 3, 2, 2])],
      outputs: ["y"],
      nodes: [makeNode("Conv", ["x", "w"], ["t"]), batchNorm("t", "y")],
      constants: { w: noise([4, 3, 1, 1]), ...normalization(4), ...zeros },
    });
    const { model: folded, changes } = foldBatchNormalization(model);
    expect(graphOf(folded).node[0]?.input).toEqual(["x", "w.folded", "y.bias.folded"]);
    expect(changes).toEqual([{ count: 1, noun: "BatchNormalization layer", what: "folded into Conv" }]);
  });

  it.each<[string, NodeProto, Tensor]>([
    ["a constant differs from place to place", makeNode("Mul", ["t", "k"], ["y"]), noise([1, 4, 2, 2])],
    ["it adds a dimension", makeNode("Add", ["t", "k"], ["y"]), noise([1, 1, 4, 1, 1])],
    ["it is by column", makeNode("Mul", ["t", "k"], ["y"]), noise([2])],
    ["it is divided by what is made", makeNode("Div", ["k", "t"], ["y"]), noise([4, 1, 1])],
    ["a division makes infinities", makeNode("Div", ["t", "k"], ["y"]), vector("float32", [0])],
    ["weights would leave float32", makeNode("Div", ["t", "k"], ["y"]), vector("float32", [1e-39])],
    ["a constant is NaN", makeNode("Add", ["t", "k"], ["y"]), vector("float32", [Number.NaN])],
    ["a constant is empty", makeNode("Add", ["t", "k"], ["y"]), noise([0])],
    ["more channels come of it", makeNode("Add", ["t", "k"], ["y"]), noise([8, 1, 1])],
  ])("stays where %s", (_, node, k) => {
    const model = buildModel({
      opset: 13,
      inputs: [floatInput("x", [1, 3, 2, 2])],
      outputs: ["y"],
      nodes: [makeNode("Conv", ["x", "w"], ["t"]), node],
      constants: { w: noise([4, 3, 1, 1]), k },
    });
    expect(foldBatchNormalization(model)).toEqual({ model, changes: [] });
  });
});
