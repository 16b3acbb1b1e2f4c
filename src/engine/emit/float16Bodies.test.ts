import { describe, expect, it } from "vitest";
import { reasonText } from "../model/reason.ts";
import type { TensorMap } from "../model/tensor.ts";
import { intAttribute, makeNode, tensorAttribute } from "../onnx/attributes.ts";
import {
  TensorProto_DataType as Code,
  type GraphProto,
  type ModelProto,
  type NodeProto,
} from "../onnx/proto/onnx_pb.ts";
import { scalar, tensorProto, vector } from "../onnx/tensor.ts";
import { buildModel, floatInput, graphAttribute, noise, portInfo } from "../onnx/testing/build.ts";
import { leastSqnr, noiseFeeds, planOf, type Trial, tryOut } from "./testing/trial.ts";

const graphOf = (parts: Omit<Parameters<typeof buildModel>[0], "opset">) =>
  buildModel({ ...parts, opset: 17 }).graph as GraphProto;

const feeds = (model: ModelProto, seed: number): TensorMap =>
  new Map([
    ...noiseFeeds(model, seed),
    ["which", { ...vector("bool", [1]), dims: [] }],
    ["at", { ...vector("int64", [2049, 4099, 30001, 70003]), dims: [1, 4] }],
  ]);

/** What both branches make, each of its own, under names apart. */
function branches(nodes: (name: string) => NodeProto[]): NodeProto {
  const [one, other] = ["one", "other"].map((name) =>
    graphOf({ outputs: [floatInput(name, [1, 4])], nodes: nodes(name) }),
  );
  return makeNode("If", ["which"], ["z"], {
    name: "if",
    attributes: [graphAttribute("then_branch", one!), graphAttribute("else_branch", other!)],
  });
}

function twice(nodes: NodeProto[], first: string): NodeProto {
  const step = graphOf({
    inputs: [
      portInfo({ name: "i", type: "int64", dims: [] }),
      portInfo({ name: "on", type: "bool", dims: [] }),
      floatInput("a", [1, 4]),
    ],
    outputs: [portInfo({ name: "still", type: "bool", dims: [] }), floatInput("b", [1, 4])],
    nodes: [makeNode("Identity", ["on"], ["still"], { name: "still" }), ...nodes],
  });
  return makeNode("Loop", ["count", "yes", first], ["z"], { name: "loop", attributes: [graphAttribute("body", step)] });
}

/** A product before and one behind what is given, so that what is between is in float16. */
const around = (nodes: NodeProto[], from: string) =>
  buildModel({
    opset: 17,
    inputs: [
      floatInput("x", [1, 4]),
      portInfo({ name: "which", type: "bool", dims: [] }),
      portInfo({ name: "at", type: "int64", dims: [1, 4] }),
    ],
    outputs: [floatInput("out", [1, 4])],
    nodes: [
      makeNode("MatMul", ["x", "w"], ["h"], { name: "start" }),
      ...nodes,
      makeNode("MatMul", [from, "w"], ["out"], { name: "end" }),
    ],
    constants: {
      ...{
        w: noise([4, 4], 2),
        large: scalar("float32", 1e5),
        step: scalar("float32", 0.5),
        thousand: scalar("float32", 1000),
      },
      ...{ count: scalar("int64", 2), yes: scalar("bool", 1) },
    },
  });

const positions = makeNode("Cast", ["at"], ["f"], { name: "cast", attributes: [intAttribute("to", Code.FLOAT)] });
const shrink = makeNode("Div", ["z", "thousand"], ["s"], { name: "shrink" });
const angles = [
  makeNode("Mul", ["z", "step"], ["angle"], { name: "angle" }),
  makeNode("Sin", ["angle"], ["s"], { name: "sin" }),
];

const LARGE = "large holds values above 65504, which are infinite in float16";
const COUNTS = "it works out positions or sizes, which float16 holds exactly up to 2048 alone";

function reasons({ plan }: Pick<Trial, "plan">) {
  return Object.fromEntries(plan.layers.map(({ id, reason }) => [id, reason && reasonText(reason)]));
}

describe("what float16 does not hold is followed", () => {
  it("from around a branch to what reads it there, and to nothing else", async () => {
    const model = around(
      [
        makeNode("Add", ["h", "large"], ["l"], { name: "add" }),
        branches((name) => [
          makeNode("Div", ["l", "thousand"], [`${name}.s`], { name: `${name}.div` }),
          makeNode("MatMul", [`${name}.s`, "w"], [name], { name: `${name}.product` }),
        ]),
      ],
      "z",
    );
    const trial = await tryOut(model, { format: "float16" }, feeds);
    expect(leastSqnr(trial)).toBeGreaterThan(55);
    expect(reasons(trial)).toMatchObject({ add: LARGE, if: null });
    expect(trial.plan.half!.layers).toContain("if/then_branch/one.product");
    expect(trial.plan.half!.layers).not.toContain("if/then_branch/one.div");
  });

  it("from a constant that a node fills", async () => {
    const nodes = [
      makeNode("Shape", ["h"], ["sizes"], { name: "shape" }),
      makeNode("ConstantOfShape", ["sizes"], ["filled"], {
        name: "fill",
        attributes: [tensorAttribute("value", tensorProto("", vector("float32", [1e5])))],
      }),
      makeNode("Add", ["h", "filled"], ["z"], { name: "add" }),
      shrink,
    ];
    const trial = await tryOut(around(nodes, "s"), { format: "float16" }, feeds);
    expect(leastSqnr(trial)).toBeGreaterThan(50);
    expect(reasons(trial)).toMatchObject({ start: null, end: null });
    expect(reasons(trial).add).toContain("values above 65504");
  });

  it.each([
    [
      "a constant that a branch adds",
      [branches((name) => [makeNode("Add", ["h", "large"], [name], { name })]), shrink],
      "if",
      LARGE,
    ],
    [
      "a constant that a Loop adds to its state",
      [twice([makeNode("Add", ["a", "large"], ["b"], { name: "add" })], "h"), shrink],
      "loop",
      LARGE,
    ],
    [
      "positions that a branch doubles",
      [positions, branches((name) => [makeNode("Add", ["f", "f"], [name], { name })]), ...angles],
      "if",
      COUNTS,
    ],
    [
      "positions that a Loop carries on",
      [positions, twice([makeNode("Add", ["a", "step"], ["b"], { name: "add" })], "f"), ...angles],
      "loop",
      COUNTS,
    ],
  ] as const)("out of the layer that holds the graph: %s", async (_, nodes, holder, why) => {
    const trial = await tryOut(around([...nodes], "s"), { format: "float16" }, feeds);
    expect(leastSqnr(trial)).toBeGreaterThan(50);
    expect(reasons(trial)).toMatchObject({ [holder]: why, end: null });
    expect(trial.plan.half!.layers.size).toBe(2);
  });
});

it("a layer that holds what counts is kept from bfloat16 by what bfloat16 holds", async () => {
  const doubled = branches((name) => [makeNode("Add", ["f", "f"], [name], { name })]);
  const computed = { format: "bfloat16", target: "tensorrt" } as const;
  const given = await planOf(around([positions, doubled, ...angles], "s"), computed);
  expect(reasons(given).if).toBe("it works out positions or sizes, which bfloat16 holds exactly up to 256 alone");
});
