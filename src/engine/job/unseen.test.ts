import { describe, expect, it } from "vitest";
import { nodeDecoders } from "../../../cli/decoders.ts";
import { memoryFile, npyBytes } from "../data/testing/files.ts";
import type { Tensor } from "../model/tensor.ts";
import { floatAttribute, intAttribute, makeNode } from "../onnx/attributes.ts";
import { concat, encodeModel } from "../onnx/encode.ts";
import { scalar, tensorProto, vector } from "../onnx/tensor.ts";
import { buildModel, floatInput, noise } from "../onnx/testing/build.ts";
import { nodeRuntime } from "../runtime/node.ts";
import { needsShared } from "../testing/shared.ts";
import { openData } from "./data.ts";
import { defaultRecipe, openModel, planModel, summarizeModel } from "./open.ts";
import { quantizeModel, resolveRecipe } from "./quantize.ts";
import { settle } from "./settle.ts";
import { unseenArrays } from "./testing/cases.ts";
import { datasetOf, open, quantizeAndCompare } from "./testing/quantized.ts";
import { context, settledCase } from "./testing/settledCase.ts";

const positives = (tensor: Tensor | undefined) =>
  Array.from((tensor?.data ?? []) as Float32Array, (value) => Number(value) > 0.5);

describe("the case of a detector calibrated on samples without a positive", needsShared, () => {
  const name = "sigmoid-never-positive";

  it("is warned of: its positives are twenty times as large as anything that samples show", async () => {
    const { calibration } = await settledCase(name);
    expect(calibration.notices).toEqual([
      {
        kind: "warning",
        subject: "sigmoid_15",
        message: expect.stringMatching(
          /^The probability sigmoid_15 never rose above 0\.00161 on 64 samples: none seems/,
        ),
      },
    ]);
  });

  it("finds every positive once samples hold some", async () => {
    const x = (await unseenArrays(name)).get("x")!;
    const some = memoryFile("more.npy", npyBytes("<f4", [8, 64], (x.data as Float32Array).subarray(0, 8 * 64)));
    const { float, integer, calibration } = await settledCase(name, [some]);
    const wanted = positives(float.get("sigmoid_15"));
    expect(wanted.filter(Boolean)).toHaveLength(16);
    expect(positives(integer.get("sigmoid_15"))).toEqual(wanted);
    expect(calibration.notices).toEqual([]);
  });
});

const rootsClipped: Parameters<typeof makeNode>[] = [
  ["Sqrt", ["p"], ["r"], { name: "r" }],
  ["Clip", ["r", "none", "one"], ["o"], { name: "o" }],
];

const readTwice = (operator: string): Parameters<typeof makeNode>[] => [
  ["MatMul", ["p", "features"], ["f"], { name: "f" }],
  ["Relu", ["f"], ["unused"], { name: "unused" }],
  [operator, ["p", "p"], ["o"], { name: "o", attributes: operator === "Concat" ? [intAttribute("axis", 1)] : [] }],
];

/** A detector that answers the sign of a sum over 3 channels, after whatever `tail` makes of its probabilities. */
function detector(tail: Parameters<typeof makeNode>[], output: string) {
  return buildModel({
    opset: 17,
    inputs: [floatInput("x", [1, 3, 4, 4])],
    outputs: [output],
    nodes: [
      makeNode("Conv", ["x", "w"], ["logits"], { name: "detect" }),
      makeNode("Reshape", ["logits", "shape"], ["rows"], { name: "rows" }),
      makeNode("Sigmoid", ["rows"], ["p"], { name: "sigmoid" }),
      ...tail.map((parts) => makeNode(...parts)),
    ],
    constants: {
      w: { type: "float32", dims: [2, 3, 1, 1], data: Float32Array.of(1, 2, 3, 3, 2, 1) },
      shape: vector("int64", [1n, 2n, 16n]),
      least: scalar("float32", 1e-4),
      none: scalar("float32", 0),
      one: vector("float32", [1]),
      features: noise([16, 4], 9),
    },
  });
}

describe("a detector of small values, calibrated on negatives", () => {
  it.each<[string, Parameters<typeof makeNode>[], string]>([
    ["with the Sigmoid at its end", [], "p"],
    ["with movers after it", [["Transpose", ["p"], ["t"], { name: "t" }]], "t"],
    [
      "with boxes beside it in one Concat",
      [["Concat", ["rows", "p"], ["c"], { name: "c", attributes: [intAttribute("axis", 1)] }]],
      "c",
    ],
    ["with one probability times another", [["Mul", ["p", "p"], ["m"], { name: "m" }]], "m"],
    [
      "with a threshold",
      [
        ["Greater", ["p", "least"], ["g"], { name: "g" }],
        ["Where", ["g", "p", "none"], ["o"], { name: "o" }],
      ],
      "o",
    ],
    ["with their complement", [["Sub", ["one", "p"], ["o"], { name: "o" }]], "o"],
    ["with a constant added", [["Add", ["p", "one"], ["o"], { name: "o" }]], "o"],
    ["with the best of each row", [["ReduceMax", ["p"], ["o"], { name: "o" }]], "o"],
    ["with roots, clipped", rootsClipped, "o"],
    ["with the index of the best", [["ArgMax", ["p"], ["o"], { name: "o" }]], "o"],
    ["with the mean of each row", [["GlobalAveragePool", ["p"], ["o"], { name: "o" }]], "o"],
    ["with a layer that reads them too, beside a Concat", readTwice("Concat"), "o"],
    ["with a layer that reads them too, beside a product", readTwice("Mul"), "o"],
  ])("keeps room for positives %s", async (_, tail, output) => {
    const main = nodeRuntime();
    const source = {
      bytes: concat(encodeModel(detector(tail, output))),
      fileName: "d.onnx",
      readBeside: async () => null,
    };
    const model = await openModel(source, { shapes: {}, values: {} }, main, context);
    const values = noise([16, 3, 4, 4], 3).data as Float32Array;
    const negatives = npyBytes(
      "<f4",
      [16, 3, 4, 4],
      values.map((value) => -Math.abs(value)),
    );
    const data = await openData(model, [memoryFile("n.npy", negatives)], null, nodeDecoders);
    const { recipe, calibration } = await settle(
      model,
      defaultRecipe(model),
      data,
      { samples: 16, calibration: null },
      { main, accelerator: null },
      context,
    );
    expect(calibration.notices.map(({ subject }) => subject)).toEqual(["p"]);
    const { plan } = quantizeModel(model, recipe);
    expect(plan.layers.find(({ id }) => id === "sigmoid")?.reason).toEqual({ code: "gives-probabilities" });
    expect(plan.layers.find(({ id }) => id === "detect")?.precision).toBe("int8");
    expect(
      plan.layers
        .filter(({ inputs, weight }) => inputs.includes("p") && weight === null)
        .map(({ precision }) => precision),
    ).not.toContain("int8");
    expect(plan.groups.find(({ id }) => id === "p")?.fixed ?? { low: 0, high: 1 }).toEqual({ low: 0, high: 1 });
    const group = recipe.resolved![plan.groupOf.get("logits")!]!;
    expect(group.low).toBeLessThan(-6);
    expect(group.high).toBeCloseTo(Math.log(509), 6);
  });
});

it("keeps room for what a HardSigmoid at the end makes of logits, and warns; a gate before a layer with weights is none", async () => {
  const build = (tail: Parameters<typeof makeNode>[], output: string) =>
    buildModel({
      opset: 17,
      inputs: [floatInput("x", [1, 3, 4, 4])],
      outputs: [output],
      nodes: [
        makeNode("Conv", ["x", "w"], ["logits"], { name: "detect" }),
        makeNode("HardSigmoid", ["logits"], ["p"], {
          name: "p",
          attributes: [floatAttribute("alpha", 0.1), floatAttribute("beta", 0.25)],
        }),
        ...tail.map((parts) => makeNode(...parts)),
      ],
      constants: { w: noise([2, 3, 1, 1], 1), v: noise([2, 2, 1, 1], 2) },
    });
  const leastOf = async (tail: Parameters<typeof makeNode>[], output: string) => {
    const bytes = concat(encodeModel(build(tail, output)));
    const source = { bytes, fileName: "d.onnx", readBeside: async () => null };
    const model = await openModel(source, { shapes: {}, values: {} }, nodeRuntime(), context);
    return planModel(model, defaultRecipe(model)).groups.find(({ id }) => id === "logits")?.least ?? null;
  };
  const gate: Parameters<typeof makeNode>[] = [
    ["Mul", ["p", "logits"], ["m"], { name: "m" }],
    ["Conv", ["m", "v"], ["f"], { name: "f" }],
  ];
  expect((await leastOf([], "p"))?.high).toBeCloseTo(7.5, 5);
  expect(await leastOf(gate, "f")).toBeNull();
});

/** One number a picture, of the layer "detect", and what `tail` makes of it. */
function answer(tail: readonly Parameters<typeof makeNode>[]) {
  return buildModel({
    opset: 17,
    inputs: [floatInput("x", [1, 3, 4, 4])],
    outputs: ["o"],
    nodes: [makeNode("Conv", ["x", "w"], ["logits"], { name: "detect" }), ...tail.map((parts) => makeNode(...parts))],
    constants: {
      w: { type: "float32", dims: [2, 3, 1, 1], data: Float32Array.of(2, -2, 2, 2, -1, 2) },
      ...{ one: scalar("float32", 1), minus: vector("float32", [-1]), two: scalar("float32", 2) },
    },
  });
}

const exponent = (negation: Parameters<typeof makeNode>): Parameters<typeof makeNode>[] => [
  negation,
  ["Exp", ["n"], ["e"], { name: "exp" }],
];
const written: Parameters<typeof makeNode>[] = [
  ...exponent(["Neg", ["logits"], ["n"], { name: "neg" }]),
  ["Add", ["e", "one"], ["s"], { name: "add" }],
];

/** Inputs of both signs, by channel, that "detect" makes logits of one sign of. */
const signed = (sign: number, seed: number) => {
  const { data, ...rest } = noise([1, 3, 4, 4], seed);
  return new Map([
    [
      "x",
      { ...rest, data: (data as Float32Array).map((value, i) => (i >= 16 && i < 32 ? -sign : sign) * Math.abs(value)) },
    ],
  ]);
};
const seeds = [1, 2, 3, 4, 5, 6, 7, 8];

describe("an end that is written out, or is a Tanh, calibrated on one side", () => {
  it.each<[string, Parameters<typeof makeNode>[], number]>([
    ["1 / (1 + exp(-x))", [...written, ["Div", ["one", "s"], ["o"], { name: "o" }]], Math.log(509)],
    ["its Reciprocal", [...written, ["Reciprocal", ["s"], ["o"], { name: "o" }]], Math.log(509)],
    [
      "with x times -1, and movers",
      [
        ["Flatten", ["logits"], ["f"], { name: "f" }],
        ...exponent(["Mul", ["minus", "f"], ["n"], { name: "neg" }]),
        ["Add", ["one", "e"], ["s"], { name: "add" }],
        ["Reciprocal", ["s"], ["r"], { name: "r" }],
        ["Unsqueeze", ["r", "axes"], ["o"], { name: "o" }],
      ],
      Math.log(509),
    ],
    [
      "exp(x) / (1 + exp(x))",
      [
        ["Exp", ["logits"], ["e"], { name: "exp" }],
        ["Add", ["one", "e"], ["s"], { name: "add" }],
        ["Div", ["e", "s"], ["o"], { name: "o" }],
      ],
      Math.log(509),
    ],
    ["a Tanh", [["Tanh", ["logits"], ["o"], { name: "o" }]], Math.log(509) / 2],
  ])("%s has room for the other", async (_, tail, end) => {
    const given = answer(tail);
    given.graph!.initializer.push(tensorProto("axes", vector("int64", [0n])));
    const { sqnr, recipe, calibration } = await quantizeAndCompare(
      given,
      seeds.map((seed) => signed(-1, seed)),
      seeds.map((seed) => signed(1, 100 + seed)),
    );
    expect(recipe.resolved!.logits!.high).toBeCloseTo(end, 6);
    expect(sqnr.o).toBeGreaterThan(30);
    expect(calibration.notices.map(({ subject }) => subject)).toEqual(
      end === Math.log(509) ? [expect.stringMatching(/^[or]$/)] : [],
    );
  });

  it.each<[string, Parameters<typeof makeNode>[]]>([
    ["2 / (1 + exp(-x))", [...written, ["Div", ["two", "s"], ["o"], { name: "o" }]]],
    [
      "1 / (2 + exp(-x))",
      [
        written[0]!,
        written[1]!,
        ["Add", ["e", "two"], ["s"], { name: "add" }],
        ["Div", ["one", "s"], ["o"], { name: "o" }],
      ],
    ],
    [
      "1 / (1 + exp(x))",
      [
        ["Exp", ["logits"], ["e"], { name: "exp" }],
        ["Add", ["e", "one"], ["s"], { name: "add" }],
        ["Div", ["one", "s"], ["o"], { name: "o" }],
      ],
    ],
    ["exp", [["Exp", ["logits"], ["o"], { name: "exp" }]]],
  ])("%s is no such end", async (_, tail) => {
    const model = await open(answer(tail));
    expect(planModel(model, defaultRecipe(model)).groups.map(({ least }) => least)).toEqual([null, null]);
  });
});

describe("a gate inside the model", () => {
  /** A picture, and where it is let through: mostly nowhere. */
  const gated = buildModel({
    opset: 17,
    inputs: [floatInput("x", [1, 3, 4, 4])],
    outputs: ["o"],
    nodes: [
      makeNode("Conv", ["x", "w", "b"], ["logits"], { name: "detect" }),
      makeNode("Sigmoid", ["logits"], ["gate"], { name: "gate" }),
      makeNode("Mul", ["logits", "gate"], ["m"], { name: "m" }),
      makeNode("Conv", ["m", "v"], ["o"], { name: "reads" }),
    ],
    constants: {
      w: { type: "float32", dims: [2, 3, 1, 1], data: Float32Array.of(40, 0, 0, 40, 0, 0) },
      b: vector("float32", [-8, -8]),
      v: noise([2, 2, 1, 1], 2),
    },
  });
  const shut = (seed: number) => {
    const { data, ...rest } = noise([1, 3, 4, 4], seed);
    const values = (data as Float32Array).map((value, i) => (i === 0 ? Math.abs(value) / 2 : value / 1000));
    return new Map([["x", { ...rest, data: values }]]);
  };

  it.each(["auto", "percentile", "entropy"] as const)(
    "keeps all that it was seen to let through, by %s, and it is said",
    async (method) => {
      const model = await open(gated);
      const recipe = { ...defaultRecipe(model), method, elementwise: "join" } as const;
      const runtimes = { main: nodeRuntime(), accelerator: null };
      const dataset = datasetOf(
        model,
        Array.from({ length: 64 }, (_, i) => shut(i + 1)),
      );
      const settled = await settle(model, recipe, dataset, { samples: 64, calibration: null }, runtimes, context);
      const seen = settled.calibration.statistics.get("gate")!;
      const { low, high } = settled.recipe.resolved!.gate!;
      expect(high).toBeGreaterThanOrEqual(seen.max);
      expect(low).toBeLessThanOrEqual(seen.min);
      expect(high).toBeLessThanOrEqual(1);
      expect(summarizeModel(model, settled.recipe).notices.map(({ message }) => message)).toContain(
        "The range of gate cuts nothing that samples show: what a gate rarely lets through is what it is there for.",
      );
      const byHand = { ...settled.recipe, ranges: { gate: { low: 0, high: 0.5 } }, resolved: null };
      expect(resolveRecipe(model, byHand, settled.calibration).resolved!.gate).toEqual({ low: 0, high: 0.5 });
    },
  );
});
