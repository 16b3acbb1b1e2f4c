import { describe, expect, it } from "vitest";
import { PLAIN_RECIPE } from "../model/testing/recipe.ts";
import { intAttribute, makeNode } from "../onnx/attributes.ts";
import type { NodeProto } from "../onnx/proto/onnx_pb.ts";
import { scalar, vector } from "../onnx/tensor.ts";
import { buildModel, floatInput, noise } from "../onnx/testing/build.ts";
import { ORT } from "../targets/ort.ts";
import { coarseOf } from "./coarse.ts";
import { planQuantization, type QuantizationPlan } from "./plan.ts";

const node = (opType: string, inputs: readonly string[], output: string, attributes = [] as never[]) =>
  makeNode(opType, inputs, [output], { name: output, attributes });
const conv = (input: string, output: string) => node("Conv", [input, "v"], output);
const join = (inputs: readonly string[], output: string) =>
  makeNode("Concat", inputs, [output], { name: output, attributes: [intAttribute("axis", 1)] });

function planOf(
  nodes: readonly NodeProto[],
  choices: Partial<Parameters<typeof planQuantization>[2]> = { elementwise: "auto", unjoined: [] },
  outputs: readonly string[] = ["out"],
): QuantizationPlan {
  const { graph } = buildModel({
    opset: 17,
    inputs: [floatInput("x", [1, 4, 6, 6])],
    outputs,
    nodes,
    constants: {
      ...{ v: noise([4, 4, 1, 1]), k: noise([1, 4, 6, 6], 7), condition: vector("bool", [1]) },
      ...{ zero: scalar("float32", 0), six: scalar("float32", 6) },
    },
  });
  const names = ["x", ...nodes.flatMap(({ output }) => output)];
  const types = new Map(names.map((name) => [name, "float32" as const]));
  return planQuantization(graph!, types, { ...PLAIN_RECIPE, ...choices }, ORT);
}

const membersOf = ({ groups }: QuantizationPlan) => Object.fromEntries(groups.map(({ id, members }) => [id, members]));
const end = (input: string) => [conv(input, "last"), node("Sin", ["last"], "out")];
const branches = [conv("x", "a"), conv("x", "b")];

describe("what only a Concat reads", () => {
  it("shares the parameters of what the Concat makes, which are chosen of its values", () => {
    const plan = planOf([...branches, join(["a", "b"], "c"), ...end("c")]);
    expect(membersOf(plan)).toEqual({ x: ["x"], c: ["a", "b", "c"], last: ["last"] });
    expect(["a", "b", "c"].map((name) => plan.groupOf.get(name))).toEqual(["c", "c", "c"]);
  });

  it("has its own in recipes of before, which join all without asking samples", () => {
    const plan = planOf([...branches, join(["a", "b"], "c"), ...end("c")], { elementwise: "join" });
    expect(membersOf(plan)).toMatchObject({ a: ["a"], b: ["b"], c: ["c"] });
  });

  it("has its own where the Concat stays in float", () => {
    const nodes = [...branches, join(["a", "b"], "c"), ...end("c")];
    const plan = planOf(nodes, { elementwise: "auto", unjoined: ["c"] });
    expect(plan.groupOf.get("a")).not.toBe("c");
  });

  it.each<[string, NodeProto[], string[]]>([
    ["moved on the way", [node("Transpose", ["a"], "t"), join(["t", "b"], "c")], ["a", "t", "b", "c"]],
    ["read twice", [join(["a", "a", "b"], "c")], ["a", "b", "c"]],
    ["beside a constant", [join(["a", "k", "b"], "c")], ["a", "b", "c"]],
    ["joined twice over", [join(["a", "b"], "i"), join(["i", "a"], "c")], ["a", "b", "i", "c"]],
    ["moved afterwards", [join(["a", "b"], "c"), node("Transpose", ["c"], "m")], ["a", "b", "c", "m"]],
    ["chosen from by a Where", [node("Where", ["condition", "a", "b"], "c")], ["a", "b", "c"]],
  ])("shares where it is %s", (_, nodes, members) => {
    const last = nodes.at(-1)!.output[0]!;
    const plan = planOf([...branches, ...nodes, ...end(last)]);
    const group = plan.groupOf.get("a")!;
    expect(group).toBe("c");
    expect([...(membersOf(plan).c ?? [])].sort()).toEqual([...members].sort());
  });

  it.each<[string, NodeProto[], string[]]>([
    ["another layer reads it", [join(["a", "b"], "c"), conv("a", "more"), node("Add", ["more", "c"], "s")], []],
    ["a float layer reads it", [join(["a", "b"], "c"), node("Sin", ["a"], "f"), conv("f", "s")], []],
    ["the caller sees it", [join(["a", "b"], "c")], ["a"]],
    ["two Concats read it", [join(["a", "b"], "c"), join(["a", "x"], "s")], []],
  ])("has its own where %s", (_, nodes, outputs) => {
    const plan = planOf([...branches, ...nodes, ...end("c")], undefined, ["out", "s", ...outputs].slice(0, 3));
    expect(plan.groupOf.get("a")).toBe("a");
    expect(plan.groupOf.get("b")).toBe("c");
  });

  it.each<[string, NodeProto]>([
    ["fixed", node("Softmax", ["a"], "s")],
    ["a gate's", node("Sigmoid", ["a"], "s")],
    ["a sum's, whose small part is looked for in its own", node("Add", ["a", "a"], "s")],
  ])("has its own range where that is %s", (_, made) => {
    const plan = planOf([...branches, made, join(["s", "b"], "c"), ...end("c")]);
    expect(membersOf(plan)).toMatchObject({ s: ["s"], c: ["b", "c"] });
  });
});

describe("a clamp before a Concat", () => {
  const clamped = (name: string) =>
    name === "Clip" ? node("Clip", ["a", "zero", "six"], "ra") : node("Relu", ["a"], "ra");

  it.each([
    ["Relu", Infinity],
    ["Clip", 6],
  ])("%s bounds the range of all where all are so clamped", (opType, high) => {
    const other = opType === "Clip" ? node("Clip", ["b", "zero", "six"], "rb") : node("Relu", ["b"], "rb");
    const { groups } = planOf([...branches, clamped(opType), other, join(["ra", "rb"], "c"), ...end("c")]);
    expect(groups.find(({ id }) => id === "c")).toMatchObject({
      members: ["ra", "rb", "c"],
      bounds: { low: 0, high },
    });
  });

  it.each([
    ["Relu", "b"],
    ["Clip", "b"],
  ])(
    "%s keeps an operand apart that the others are not clamped as, or its clamp would have to be computed",
    (opType) => {
      const plan = planOf([...branches, clamped(opType), join(["ra", "b"], "c"), ...end("c")]);
      expect(membersOf(plan)).toMatchObject({ ra: ["ra"], c: ["b", "c"] });
      expect(plan.groups.find(({ id }) => id === "c")!.bounds).toBeNull();
    },
  );

  it("after it bounds all: what it takes away is taken away before", () => {
    const plan = planOf([...branches, join(["a", "b"], "c"), node("Relu", ["c"], "r"), ...end("r")]);
    expect(membersOf(plan)).toMatchObject({ r: ["a", "b", "r"] });
    expect(plan.groups.find(({ id }) => id === "r")!.bounds).toEqual({ low: 0, high: Infinity });
  });
});

describe("an operand that is far smaller than what shares its group", () => {
  it.each([
    ["joined once", [join(["a", "b"], "c")]],
    ["joined twice over", [join(["a", "b"], "i"), join(["i", "b"], "c")]],
  ])("is found where it is %s", (_, nodes) => {
    const plan = planOf([...branches, ...nodes, ...end("c")]);
    const found = coarseOf(
      plan,
      (name) => (name === "a" ? 1 : 640),
      () => 2.5,
    );
    expect(found).toContainEqual({ group: "c", lost: "a", reach: 1, scale: 2.5 });
  });
});
