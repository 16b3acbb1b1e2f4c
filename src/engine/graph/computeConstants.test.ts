import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import type { Tensor } from "../model/tensor.ts";
import { floatAttribute, intAttribute, intsAttribute, makeNode, stringAttribute } from "../onnx/attributes.ts";
import { GraphIndex } from "../onnx/graph.ts";
import type { ModelProto, NodeProto } from "../onnx/proto/onnx_pb.ts";
import { scalar, tensorOf, vector } from "../onnx/tensor.ts";
import { buildModel, floatInput, noise } from "../onnx/testing/build.ts";
import { computeConstants } from "./computeConstants.ts";
import { ConstantSizes } from "./constantSizes.ts";
import { graphOf } from "./pass.ts";
import { prepareModel } from "./prepare.ts";
import { relativeDifference, run } from "./testing/native.ts";

const evaluate = (model: ModelProto) => run(model, new Map(), false);
const ops = (model: ModelProto) => graphOf(model).node.map(({ opType }) => opType);
const axes = (...values: number[]) => vector("int64", values);
const keep = (keepdims: 0 | 1, ...values: number[]) => ({
  attributes: [intAttribute("keepdims", keepdims), ...(values.length > 0 ? [intsAttribute("axes", values)] : [])],
});

interface Case {
  readonly dims: readonly number[];
  readonly nodes: readonly NodeProto[];
  readonly constants: Readonly<Record<string, Tensor>>;
  readonly left: readonly string[];
  /** SHA-256 of the weights that it comes to: the same on every engine. */
  readonly hash: string;
}

const picture = [1, 3, 6, 6];
const conv = makeNode("Conv", ["x", "w"], ["y"]);
const kernel = { v: noise([8, 3, 3, 3], 5) };

const cases: Readonly<Record<string, Case>> = {
  "weight normalisation": {
    dims: picture,
    nodes: [
      makeNode("ReduceL2", ["v"], ["n"], keep(1, 1, 2, 3)),
      makeNode("Div", ["v", "n"], ["d"]),
      makeNode("Mul", ["d", "g"], ["w"]),
      conv,
    ],
    constants: { ...kernel, g: noise([8, 1, 1, 1], 6) },
    left: ["Conv"],
    hash: "5d96c2b7056dbb179114d23c612a4d59e7c8870f57fc1e67e768b2238df5e275",
  },
  "weight normalisation by powers, transposed": {
    dims: [2, 6],
    nodes: [
      makeNode("Pow", ["v", "two"], ["p"]),
      makeNode("ReduceSum", ["p", "one"], ["q"], keep(1)),
      makeNode("Pow", ["q", "half"], ["n"]),
      makeNode("Div", ["v", "n"], ["d"]),
      makeNode("Mul", ["g", "d"], ["m"]),
      makeNode("Transpose", ["m"], ["w"]),
      makeNode("MatMul", ["x", "w"], ["y"]),
    ],
    constants: {
      v: noise([5, 6], 5),
      g: noise([5, 1], 6),
      two: scalar("float32", 2),
      half: scalar("float32", 0.5),
      one: axes(1),
    },
    left: ["MatMul"],
    hash: "5164ee0f47b32b69ef26110c9f93708bdfebcbcefe25d83b54e96416d62cd72b",
  },
  "weight standardisation": {
    dims: picture,
    nodes: [
      makeNode("ReduceMean", ["v"], ["m"], keep(1, 1, 2, 3)),
      makeNode("Sub", ["v", "m"], ["c"]),
      makeNode("Mul", ["c", "c"], ["p"]),
      makeNode("ReduceMean", ["p"], ["q"], keep(1, 1, 2, 3)),
      makeNode("Add", ["q", "epsilon"], ["e"]),
      makeNode("Sqrt", ["e"], ["s"]),
      makeNode("Reciprocal", ["s"], ["r"]),
      makeNode("Mul", ["c", "r"], ["w"]),
      conv,
    ],
    constants: { ...kernel, epsilon: scalar("float32", 1e-5) },
    left: ["Conv"],
    hash: "3c21fc9b7e4fd7a375743481e0b6bcab66418b9918fa5cb2954b435ad6bbd472",
  },
  "weight standardisation by BatchNormalization in training": {
    dims: picture,
    nodes: [
      makeNode("Reshape", ["v", "flat"], ["f"]),
      makeNode("BatchNormalization", ["f", "g", "b", "mean", "variance"], ["z", "p", "q"], {
        attributes: [intAttribute("training_mode", 1), floatAttribute("epsilon", 1e-6)],
      }),
      makeNode("Reshape", ["z", "full"], ["w"]),
      conv,
    ],
    constants: {
      ...kernel,
      ...{ flat: axes(1, 8, -1), full: axes(8, 3, 3, 3) },
      ...{ g: noise([8], 6), b: noise([8], 7), mean: noise([8], 8), variance: noise([8], 9) },
    },
    left: ["Conv"],
    hash: "ab414e625f6446b500ee6c5bfb35c499cbf0dae538986e5b0c72aae631c39f25",
  },
  "LoRA: W + B A alpha": {
    dims: [2, 600],
    nodes: [
      makeNode("MatMul", ["b", "a"], ["p"]),
      makeNode("Mul", ["p", "alpha"], ["s"]),
      makeNode("Add", ["v", "s"], ["m"]),
      makeNode("Transpose", ["m"], ["w"]),
      makeNode("MatMul", ["x", "w"], ["y"]),
    ],
    constants: {
      v: noise([500, 600], 5),
      b: noise([500, 4], 6),
      a: noise([4, 600], 7),
      alpha: scalar("float32", 0.25),
    },
    left: ["MatMul"],
    hash: "aefb80f60ff89a32cfd405ee862aaa473688d58e792b0936641858b81e6f4749",
  },
  "a spectral norm": {
    dims: [2, 6],
    nodes: [
      makeNode("MatMul", ["v", "right"], ["t"]),
      makeNode("MatMul", ["left", "t"], ["sigma"]),
      makeNode("Div", ["v", "sigma"], ["w"]),
      makeNode("Gemm", ["x", "w"], ["y"], { attributes: [intAttribute("transB", 1)] }),
    ],
    constants: { v: noise([5, 6], 5), left: noise([5], 6), right: noise([6], 7) },
    left: ["Gemm"],
    hash: "5a0254bbd7c906664b1da78a54a9dded76666e10f37eb8d90e5744a19be2946d",
  },
  "factors of a weight by Einsum": {
    dims: [2, 6],
    nodes: [
      makeNode("Einsum", ["p", "q"], ["w"], { attributes: [stringAttribute("equation", "ri,ro->io")] }),
      makeNode("MatMul", ["x", "w"], ["y"]),
    ],
    constants: { p: noise([3, 6], 5), q: noise([3, 4], 6) },
    left: ["MatMul"],
    hash: "15ff11b00f310eb01babfde93cae131b190ed1fb2750be8cf56ea49a35306e0e",
  },
};

function modelOf({ dims, nodes, constants }: Pick<Case, "dims" | "nodes" | "constants">): ModelProto {
  return buildModel({ opset: 17, inputs: [floatInput("x", dims)], outputs: ["y"], nodes, constants });
}

describe("constants that take sums", () => {
  it.each(Object.entries(cases))("become weights: %s", async (_, { left, hash, ...parts }) => {
    const model = modelOf(parts);
    const { folded, generation, notices } = await prepareModel(model, evaluate, 13);
    expect(ops(folded)).toEqual(left);
    expect([generation, notices]).toEqual([2, []]);
    const feeds = new Map([["x", noise(parts.dims, 9)]]);
    const [before, after] = [await run(model, feeds, false), await run(folded, feeds, false)];
    expect(relativeDifference(before.get("y"), after.get("y"))).toBeLessThan(2e-6);
    const [weight] = graphOf(folded).initializer;
    expect(createHash("sha256").update(tensorOf(weight!).data).digest("hex")).toBe(hash);
  });

  const dense = makeNode("MatMul", ["x", "w"], ["y"]);
  const stay: readonly [string, readonly NodeProto[], Readonly<Record<string, Tensor>>, readonly string[]][] = [
    [
      "take a function that engines differ in",
      [makeNode("Softmax", ["v"], ["w"]), dense],
      { v: noise([6, 4]) },
      ["Softmax", "MatMul"],
    ],
    [
      "would blow up the file",
      [makeNode("MatMul", ["p", "q"], ["w"]), dense],
      { p: noise([6, 1]), q: noise([1, 60_000]) },
      ["MatMul", "MatMul"],
    ],
    [
      "are more than memory holds",
      [
        makeNode("MatMul", ["p", "q"], ["r"]),
        makeNode("ReduceMax", ["r"], ["w"], keep(1)),
        makeNode("Mul", ["x", "w"], ["y"]),
      ],
      { p: noise([100_000, 1]), q: noise([1, 100_000]) },
      ["MatMul", "ReduceMax", "Mul"],
    ],
    [
      "take too long",
      [
        makeNode("Einsum", ["p", "p", "p", "p"], ["w"], { attributes: [stringAttribute("equation", "a,b,c,d->")] }),
        makeNode("Mul", ["x", "w"], ["y"]),
      ],
      { p: noise([600]) },
      ["Einsum", "Mul"],
    ],
    ["are an output", [makeNode("ReduceSum", ["v"], ["y"])], { v: noise([6, 4]) }, ["ReduceSum"]],
    [
      "give more than one result that is read",
      [
        makeNode("BatchNormalization", ["v", "s", "s", "s", "s"], ["w", "p", "q"], {
          attributes: [intAttribute("training_mode", 1)],
        }),
        makeNode("Add", ["x", "p"], ["t"]),
        makeNode("MatMul", ["t", "w"], ["y"]),
      ],
      { v: noise([6, 6]), s: noise([6]) },
      ["BatchNormalization", "Add", "MatMul"],
    ],
  ];
  it.each(stay)("stay layers that run where they %s", async (_, nodes, constants, left) => {
    const model = modelOf({ dims: [2, 6], nodes, constants });
    expect(ops((await computeConstants(model, evaluate)).model)).toEqual(left);
  });

  it("are told of where they are too large, and not where they are only left", async () => {
    const noticesOf = async (index: number) => {
      const [, nodes, constants] = stay[index]!;
      return (await prepareModel(modelOf({ dims: [2, 6], nodes, constants }), evaluate, 13)).notices;
    };
    expect(await noticesOf(2)).toEqual([
      expect.objectContaining({
        message: expect.stringMatching(/^MatMul:r makes 40\.0 GB of constants alone, .* stays a layer/),
      }),
    ]);
    expect(await noticesOf(3)).toEqual([expect.objectContaining({ subject: "Einsum:w" })]);
    for (const index of [0, 1, 4]) expect(await noticesOf(index)).toEqual([]);
  });

  it("keep what others read of them on the way, and nothing that blows up the file", async () => {
    const model = modelOf({
      dims: [2, 600],
      nodes: [
        makeNode("MatMul", ["b", "a"], ["p"]),
        makeNode("Mul", ["p", "alpha"], ["s"]),
        makeNode("Add", ["v", "s"], ["w"]),
        makeNode("MatMul", ["x", "w"], ["t"]),
        makeNode("MatMul", ["t", "p"], ["y"]),
      ],
      constants: {
        v: noise([600, 600], 5),
        b: noise([600, 4], 6),
        a: noise([4, 600], 7),
        alpha: scalar("float32", 0.25),
      },
    });
    const { model: folded, changes } = await computeConstants(model, evaluate);
    expect(ops(folded)).toEqual(["MatMul", "MatMul", "MatMul"]);
    expect(changes).toEqual([{ count: 2, noun: "constant layer", what: "computed in advance", generation: 2 }]);
    const feeds = new Map([["x", noise([2, 600], 9)]]);
    const [before, after] = [await run(model, feeds, false), await run(folded, feeds, false)];
    expect(relativeDifference(before.get("y"), after.get("y"))).toBeLessThan(2e-6);
  });

  it("of integers are summed by the runtime, which is exact", async () => {
    const model = modelOf({
      dims: [2, 6],
      nodes: [
        makeNode("ReduceSum", ["v"], ["s"], keep(0)),
        makeNode("Cast", ["s"], ["i"], { attributes: [intAttribute("to", 7)] }),
        makeNode("ReduceSum", ["i"], ["j"], keep(0)),
        makeNode("Cast", ["j"], ["w"], { attributes: [intAttribute("to", 1)] }),
        makeNode("Mul", ["x", "w"], ["y"]),
      ],
      constants: { v: vector("float32", [1, 2, 4]) },
    });
    const { model: folded } = await computeConstants(model, evaluate);
    expect(ops(folded)).toEqual(["Mul"]);
    expect(tensorOf(graphOf(folded).initializer.at(-1)!)).toEqual(scalar("float32", 7));
  });
});

it("no more is computed at once than so many times what the model holds", () => {
  const side = 2500;
  const nodes = Array.from({ length: 100 }, (_, i) => makeNode("MatMul", ["p", "q"], [`r${i}`]));
  const { graph } = modelOf({ dims: [1], nodes, constants: { p: noise([side, 1]), q: noise([1, side]) } });
  const sizes = new ConstantSizes(new GraphIndex(graph!));
  const taken = nodes.filter((node) => sizes.take(node));
  expect(taken.length).toBe(Math.floor((8 * 64 * 2 ** 20) / (4 * side * side)));
});
