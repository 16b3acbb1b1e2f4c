import { describe, expect, it } from "vitest";
import { readRecipe, writeRecipe } from "../artifacts/recipe.ts";
import { OutputComparison } from "../evaluation/outputs.ts";
import { run } from "../graph/testing/native.ts";
import { BEFORE_PREPARATIONS } from "../model/past/recipe.ts";
import type { Recipe } from "../model/recipe.ts";
import type { TensorMap } from "../model/tensor.ts";
import { intAttribute, intsAttribute, makeNode } from "../onnx/attributes.ts";
import { concat, encodeModel } from "../onnx/encode.ts";
import type { ModelProto } from "../onnx/proto/onnx_pb.ts";
import { scalar, vector } from "../onnx/tensor.ts";
import { buildModel, floatInput, noise } from "../onnx/testing/build.ts";
import { isApplied, withRemedy } from "../recipe/remedies.ts";
import { needsShared } from "../testing/shared.ts";
import { Diagnostician } from "./diagnose.ts";
import { planModel } from "./open.ts";
import { quantizeModel, resolveRecipe } from "./quantize.ts";
import { sharedCase } from "./testing/cases.ts";
import { quantizeAndCompare } from "./testing/quantized.ts";

type Node = Parameters<typeof makeNode>;

const join = (from: readonly string[], to: string): Node => [
  "Concat",
  from,
  [to],
  { name: to, attributes: [intAttribute("axis", 1)] },
];

/** Boxes of a picture up to 300 and scores up to 1, and what `tail` makes of them. */
function detector(tail: readonly Node[], output: string, constants = {}) {
  return buildModel({
    opset: 17,
    inputs: [floatInput("x", [1, 3, 8, 8])],
    outputs: [output],
    nodes: [
      makeNode("Conv", ["x", "wb"], ["raw"], { name: "raw" }),
      makeNode("Relu", ["raw"], ["positive"], { name: "positive" }),
      makeNode("Mul", ["positive", "far"], ["boxes"], { name: "boxes" }),
      makeNode("Conv", ["x", "ws"], ["logits"], { name: "logits" }),
      makeNode("Clip", ["logits", "zero", "one"], ["scores"], { name: "scores" }),
      ...tail.map((parts) => makeNode(...parts)),
    ],
    constants: {
      ...{ wb: noise([4, 3, 1, 1], 2), ws: noise([3, 3, 1, 1], 5) },
      ...{ far: scalar("float32", 200), zero: scalar("float32", 0), one: scalar("float32", 1) },
      ...constants,
    },
  });
}

function samples(count: number, seed: number): TensorMap[] {
  return Array.from({ length: count }, (_, i) => new Map([["x", noise([1, 3, 8, 8], seed + i)]]));
}

const UNSEEN = samples(4, 900);

/** Of the worst part of the output, dB. */
async function sqnrOf(model: ModelProto, written: ModelProto): Promise<number> {
  const comparison = new OutputComparison();
  for (const feeds of UNSEEN) comparison.add(await run(model, feeds), await run(written, feeds));
  return comparison.results()[0]!.sqnr!;
}

async function quantized(model: ModelProto) {
  const compared = await quantizeAndCompare(model, samples(8, 100), UNSEEN, undefined, { elementwise: "join" });
  return { ...compared, worst: await sqnrOf(model, compared.quantized.model) };
}

const reasonsOf = ({ model, recipe }: Awaited<ReturnType<typeof quantized>>) =>
  new Map(planModel(model, recipe).layers.map(({ id, reason }) => [id, reason?.code ?? null]));

describe("an operand that one scale for what joins it would lose", () => {
  const shape = vector("int64", [1, -1]);
  const scales = vector("float32", [2, 2, 2, 2, 1, 1, 1]);
  it.each<[string, Node[], string, object]>([
    ["joined at the output", [join(["boxes", "scores"], "o")], "o", {}],
    [
      "joined before movers",
      [
        join(["boxes", "scores"], "j"),
        ["Transpose", ["j"], ["t"], { name: "t" }],
        ["Flatten", ["t"], ["f"], { name: "f" }],
        ["Reshape", ["f", "shape"], ["o"], { name: "o" }],
      ],
      "o",
      { shape },
    ],
    [
      "joined with others of three sizes",
      [["Mul", ["scores", "tenth"], ["small"], { name: "small" }], join(["small", "boxes", "scores"], "o")],
      "o",
      { tenth: scalar("float32", 0.05) },
    ],
    [
      "scaled after it was joined",
      [
        join(["boxes", "scores"], "j"),
        ["Reshape", ["j", "rows"], ["r"], { name: "r" }],
        ["Mul", ["r", "scales"], ["o"], { name: "o" }],
      ],
      "o",
      { rows: vector("int64", [1, 64, 7]), scales },
    ],
    ["that is a constant", [join(["boxes", "constant"], "o")], "o", { constant: noise([1, 2, 8, 8], 7) }],
  ])("%s leaves what joins them in float, and keeps every part", async (_, tail, output, constants) => {
    const result = await quantized(detector(tail, output, constants));
    expect(Object.keys(result.recipe.spared ?? {})).toHaveLength(1);
    expect(result.worst).toBeGreaterThan(20);
    const [tensor, lost] = Object.entries(result.recipe.spared!)[0]!;
    expect(result.notices).toContainEqual({
      kind: "info",
      subject: tensor,
      message: `${tensor} stays in float: one scale for ${tensor} is too coarse for ${lost}.`,
    });
    const reasons = reasonsOf(result);
    expect([reasons.get("raw"), reasons.get("logits"), reasons.get("positive")]).toEqual([null, null, null]);
  });
});

/** Two features of a picture, those of `to` a million times as small as those of `from`, and what `tail` makes of them. */
function features(tail: readonly Node[], output: string, constants = {}) {
  return buildModel({
    opset: 17,
    inputs: [floatInput("x", [1, 3, 8, 8])],
    outputs: [output],
    nodes: [
      makeNode("Conv", ["x", "w1"], ["c1"], { name: "c1" }),
      makeNode("Mul", ["c1", "far"], ["large"], { name: "large" }),
      makeNode("Conv", ["x", "w2"], ["c2"], { name: "c2" }),
      makeNode("Mul", ["c2", "near"], ["small"], { name: "small" }),
      ...tail.map((parts) => makeNode(...parts)),
    ],
    constants: {
      ...{ w1: noise([4, 3, 1, 1], 2), w2: noise([4, 3, 1, 1], 5) },
      ...{ far: scalar("float32", 1000), near: scalar("float32", 0.001) },
      ...constants,
    },
  });
}

describe("what is added up", () => {
  it("stays in float where nothing rounds the sum again", async () => {
    const tail: Node[] = [
      ["Add", ["large", "small"], ["sum"], { name: "sum" }],
      ["LayerNormalization", ["sum", "scale"], ["o"], { name: "o" }],
    ];
    const result = await quantized(features(tail, "o", { scale: noise([8], 3) }));
    expect(result.recipe.spared).toEqual({ sum: "small" });
    expect(reasonsOf(result).get("sum")).toBe("spared");
  });

  it.each<[string, Node[]]>([
    [
      "a layer with weights reads the sum, in 8 bits of the large one",
      [
        ["Add", ["large", "small"], ["sum"], { name: "sum" }],
        ["Conv", ["sum", "w3"], ["o"], { name: "o" }],
      ],
    ],
    ["it is a factor, which has a scale of its own", [["Mul", ["large", "small"], ["o"], { name: "o" }]]],
    ["it is a bias", [["Add", ["large", "bias"], ["o"], { name: "o" }]]],
  ])("is in 8 bits where %s", async (_, tail) => {
    const constants = {
      w3: noise([4, 4, 1, 1], 9),
      bias: { ...noise([1, 4, 8, 8], 4), data: new Float32Array(256).fill(1e-3) },
    };
    const result = await quantized(features(tail, "o", constants));
    expect(result.recipe.spared).toEqual({});
    expect([...reasonsOf(result).values()].filter((reason) => reason !== null)).toEqual([]);
  });

  it("leaves scores in float that a mask would push below its step", async () => {
    const mask = { ...noise([1, 1, 1, 8], 4), data: Float32Array.from([0, 0, 0, 0, 0, 0, -10000, -10000]) };
    const tail: Node[] = [
      ["Add", ["c1", "mask"], ["masked"], { name: "masked" }],
      ["Softmax", ["masked"], ["o"], { name: "o" }],
    ];
    const result = await quantized(features(tail, "o", { mask }));
    expect(result.recipe.spared).toEqual({ masked: "c1" });
    expect(result.worst).toBeGreaterThan(25);
  });
});

describe("what is joined for a layer with weights", () => {
  const joined = (kernel: number): Node[] => [
    join(["large", "small"], "j"),
    [
      "Conv",
      ["j", "w3"],
      ["o"],
      { name: "reads", attributes: kernel > 1 ? [intsAttribute("pads", [1, 1, 1, 1])] : [] },
    ],
  ];
  const weights = (kernel: number) => noise([4, 8, kernel, kernel], 9);

  it("stays in float, and the layer too, where that costs less than a hundredth of the bytes", async () => {
    const tail: Node[] = [
      ...joined(1),
      ["Reshape", ["o", "flat"], ["f"], { name: "f" }],
      ["Gemm", ["f", "heavy"], ["y"], { name: "heavy" }],
    ];
    const constants = { w3: weights(1), flat: vector("int64", [1, 256]), heavy: noise([256, 200], 7) };
    const result = await quantized(features(tail, "y", constants));
    expect(result.recipe.spared).toEqual({ j: "small" });
    const reasons = reasonsOf(result);
    expect([reasons.get("j"), reasons.get("reads"), reasons.get("heavy")]).toEqual(["spared", "spared", null]);
  });

  it("is in 8 bits where it costs more", async () => {
    const result = await quantized(features(joined(3), "o", { w3: weights(3) }));
    expect(result.recipe.spared).toEqual({});
    expect(reasonsOf(result).get("reads")).toBeNull();
  });
});

describe("what is not spared by default", () => {
  /** The weights of a layer that makes as much of the small channels as of the large. */
  const balanced = { ...noise([4, 8, 3, 3], 9) };
  balanced.data = (balanced.data as Float32Array).map((value, i) =>
    Math.floor(i / 9) % 8 < 4 ? value / 1e3 : value * 1e3,
  );

  it("is a finding with a remedy that mends it", async () => {
    const tail: Node[] = [join(["large", "small"], "j"), ["Conv", ["j", "w3"], ["o"], { name: "reads" }]];
    const model = features(tail, "o", { w3: balanced });
    const result = await quantized(model);
    const [finding] = (await new Diagnostician(result.model).diagnose(result.recipe, result.calibration))!.findings;
    expect(finding).toMatchObject({
      layer: "j",
      cause: "small-part",
      sentence: "small is far smaller than what it shares the scale of j with.",
      figure: expect.stringMatching(/^small within 0\.00\d+, a step of j is \d/),
      loss: 20,
      remedy: {
        edit: { kind: "float-tensor", tensor: "j" },
        sentence: "Leave j in float, and with it reads: nothing of it is then rounded.",
      },
    });
    const mended = withRemedy(result.recipe, finding!.remedy!.edit);
    expect(isApplied(mended, finding!.remedy!.edit)).toBe(true);
    const settled = resolveRecipe(result.model, mended, result.calibration);
    const errors = (recipe: Recipe) => sqnrOf(model, quantizeModel(result.model, recipe).model);
    expect(await errors(result.recipe)).toBeLessThan(10);
    expect(await errors({ ...settled, biases: {} })).toBeGreaterThan(30);
    expect((await new Diagnostician(result.model).diagnose(settled, result.calibration))?.findings).toEqual([]);
  });
});

describe("the recipe", () => {
  const model = detector([join(["boxes", "scores"], "o")], "o");

  it("keeps what is spared, and its bytes, and takes it from what was calibrated whenever ranges are settled anew", async () => {
    const { model: opened, recipe, calibration, quantized: bytes } = await quantized(model);
    expect(recipe.spared).toEqual({ o: "scores" });
    const again = resolveRecipe(opened, { ...recipe, resolved: null, spared: null }, calibration);
    expect(again.spared).toEqual(recipe.spared);
    expect(concat(quantizeModel(opened, recipe).chunks)).toEqual(concat(bytes.chunks));
  });

  it("of a person comes first: nothing is spared that it names empty, and no range that is set by hand is judged", async () => {
    const { model: opened, recipe, calibration } = await quantized(model);
    const plain = { ...recipe, resolved: null };
    expect(resolveRecipe(opened, { ...plain, spared: {} }, calibration).resolved).toHaveProperty("o");
    const byHand = { ...plain, spared: null, ranges: { o: { low: 0, high: 300 } } };
    expect(resolveRecipe(opened, byHand, calibration).spared).toEqual({});
  });

  it("of before has nothing spared, and its bytes", async () => {
    const { model: opened, recipe, calibration } = await quantized(model);
    const before = resolveRecipe(opened, { ...recipe, resolved: null, spared: {} }, calibration);
    const written = JSON.parse(writeRecipe({ ...before, seed: null, prints: null }));
    expect(written).toMatchObject(BEFORE_PREPARATIONS);
    for (const later of Object.keys(BEFORE_PREPARATIONS)) delete written[later];
    delete written.inputs.state;
    const read = readRecipe(JSON.stringify(written), "before");
    const bytes = (by: Recipe) => concat(encodeModel(quantizeModel(opened, by).file));
    expect(bytes(read)).toEqual(bytes(before));
  });
});

it("scores beside boxes, in the case of it, keep more than 20 dB", needsShared, async () => {
  const { bytes, calibration, unseen } = await sharedCase("detector-concat", ["x"]);
  const { model, quantized } = await quantizeAndCompare(bytes, calibration, unseen);
  const comparison = new OutputComparison();
  for (const feeds of unseen) comparison.add(await run(model.original, feeds), await run(quantized.model, feeds));
  const [output] = comparison.results();
  expect(output!.parts.map(({ channels }) => channels)).toEqual([[[4, 8]], [[0, 3]]]);
  expect(output!.sqnr).toBeGreaterThan(30);
});
