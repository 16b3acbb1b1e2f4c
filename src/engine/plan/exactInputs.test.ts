import { describe, expect, it, test } from "vitest";
import { intAttribute, makeNode, tensorAttribute } from "../onnx/attributes.ts";
import { TensorProto_DataType as Code, type NodeProto } from "../onnx/proto/onnx_pb.ts";
import { scalar, tensorProto } from "../onnx/tensor.ts";
import { buildModel, floatInput, graphAttribute, type Parts, portInfo } from "../onnx/testing/build.ts";
import { exactInputs } from "./exactInputs.ts";
import { FLOAT16 } from "./shortFloat.ts";

const toInteger = (input: string) =>
  makeNode("Cast", [input], ["ids"], { attributes: [intAttribute("to", Code.INT64)] });

function exactOf(nodes: readonly NodeProto[], inputs: readonly string[], constants: Parts["constants"] = {}) {
  const model = buildModel({
    opset: 13,
    inputs: inputs.map((name) => floatInput(name, [4])),
    outputs: ["ids"],
    nodes: [...nodes],
    constants,
  });
  return exactInputs(model.graph!, new Map(inputs.map((name) => [name, Code.FLOAT])), FLOAT16);
}

test("what a Cast to an integer reads is followed over a chain of any length", () => {
  const length = 20_000;
  const chain = Array.from({ length }, (_, at) => makeNode("Identity", [at ? `t${at}` : "x"], [`t${at + 1}`]));
  const { inputs, layers } = exactOf([...chain, toInteger(`t${length}`)], ["x", "other"]);
  expect([...inputs]).toEqual([["x", { code: "counts" }]]);
  expect(layers.size).toBe(length);
});

test("both inputs of what is joined again and again are followed, each layer once", () => {
  const steps = 60;
  const doubled = Array.from({ length: steps }, (_, at) =>
    makeNode("Add", [at ? `t${at}` : "x", at ? `t${at}` : "y"], [`t${at + 1}`]),
  );
  const { inputs, layers } = exactOf([...doubled, toInteger(`t${steps}`)], ["x", "y"]);
  expect(new Set(inputs.keys())).toEqual(new Set(["x", "y"]));
  expect(layers.size).toBe(steps);
});

const COUNTS = { code: "counts" };
const node = makeNode;

function graph(inputs: readonly string[], nodes: readonly NodeProto[], outputs: readonly string[], constants = {}) {
  const own = inputs.map((name) => floatInput(name, [4]));
  return buildModel({ opset: 13, inputs: own, outputs, nodes: [...nodes], constants }).graph!;
}

/** A Loop whose body reads i, on and states, and gives `on` and what is named. */
function loop(
  reads: readonly string[],
  gives: readonly string[],
  states: readonly string[],
  nodes: readonly NodeProto[],
  outputs: readonly string[],
) {
  const around = [portInfo({ name: "i", type: "int64", dims: [] }), portInfo({ name: "on", type: "bool", dims: [] })];
  const inputs = [...around, ...states.map((name) => floatInput(name, [4]))];
  const still = makeNode("Identity", ["on"], ["still"]);
  const body = buildModel({ opset: 13, inputs, outputs: ["still", ...outputs], nodes: [still, ...nodes] }).graph!;
  return makeNode("Loop", ["", "", ...reads], [...gives], { attributes: [graphAttribute("body", body)] });
}

function branches(yes: Parameters<typeof graph>[1], no: Parameters<typeof graph>[1], outputs: readonly string[]) {
  return makeNode("If", ["flag"], [...outputs], {
    attributes: [
      graphAttribute("then_branch", graph([], yes, ["yes"])),
      graphAttribute("else_branch", graph([], no, ["no"])),
    ],
  });
}

describe("what a Cast to an integer reads is followed", () => {
  it("over what a Loop carries on, and the Loop is among the layers", () => {
    const holder = loop(
      ["x", "y"],
      ["end", "other"],
      ["a", "b"],
      [node("Identity", ["a"], ["a2"]), node("Relu", ["b"], ["b2"])],
      ["a2", "b2"],
    );
    const { inputs, layers } = exactOf([holder, toInteger("end")], ["x", "y"]);
    expect([...inputs]).toEqual([["x", COUNTS]]);
    expect(layers.get(holder)).toEqual(COUNTS);
    expect(exactOf([holder, toInteger("other")], ["x", "y"]).inputs).toEqual(new Map([["y", COUNTS]]));
  });

  it("into a body that a state is given to, whatever step hands it on", () => {
    const states = ["a", "b", "c"];
    const cast = toInteger("a");
    const moved = [node("Identity", ["b"], ["a2"]), node("Identity", ["c"], ["b2"]), node("Relu", ["c"], ["c2"])];
    const holder = loop(["p", "q", "r"], ["", "", "", "ids"], states, [cast, ...moved], ["a2", "b2", "c2", "ids"]);
    const { inputs } = exactOf([holder], ["p", "q", "r"]);
    expect(new Set(inputs.keys())).toEqual(new Set(["p", "q", "r"]));
  });

  it("over sums that a body adds up from a constant, and not over what it multiplies by weights", () => {
    const begun = { zero: scalar("float32", 0), w: scalar("float32", 3) };
    const sum = loop(["zero"], ["sum"], ["s"], [node("Add", ["s", "x"], ["s2"])], ["s2"]);
    expect([...exactOf([sum, toInteger("sum")], ["x"], begun).inputs.keys()]).toEqual(["x"]);
    const product = loop(
      ["zero"],
      ["sum"],
      ["s"],
      [node("MatMul", ["x", "w"], ["m"]), node("Add", ["s", "m"], ["s2"])],
      ["s2"],
    );
    expect(exactOf([product, toInteger("sum")], ["x"], begun).inputs.size).toBe(0);
  });

  it("out of both branches of an If, of which one gives what is around it", () => {
    const holder = branches([node("Identity", ["x"], ["yes"])], [node("Relu", ["y"], ["no"])], ["z"]);
    const { inputs, layers } = exactOf([holder, toInteger("z")], ["x", "y"]);
    expect([...inputs]).toEqual([["x", COUNTS]]);
    expect(layers.get(holder)).toEqual(COUNTS);
  });

  it("in a graph inside another, by names around both, without the layers that hold these", () => {
    const inner = branches([toInteger("x")], [toInteger("x")], ["ids"]);
    for (const { g } of inner.attribute) g!.output[0]!.name = "ids";
    const holder = loop(["y"], ["end", "ids"], ["a"], [inner, node("Relu", ["a"], ["a2"])], ["a2", "ids"]);
    const { inputs, layers } = exactOf([holder], ["x", "y"]);
    expect([...inputs.keys()]).toEqual(["x"]);
    expect(layers.size).toBe(0);
  });

  it("over a Scan's states and what it takes a slice of, not over what its body calls alike", () => {
    const body = graph(["s", "x"], [node("Identity", ["s"], ["s2"]), node("Relu", ["x"], ["r"])], ["s2", "r"]);
    const attributes = [intAttribute("num_scan_inputs", 1), graphAttribute("body", body)];
    const scan = node("Scan", ["x", "y"], ["last", "rows"], { attributes });
    expect([...exactOf([scan, toInteger("last")], ["x", "y"]).inputs.keys()]).toEqual(["x"]);
    expect(exactOf([scan, toInteger("rows")], ["x", "y"]).inputs.size).toBe(0);
    const counting = graph(["s", "x"], [node("Identity", ["s"], ["s2"]), toInteger("x")], ["s2", "ids"]);
    const inside = node("Scan", ["x", "y"], ["last", "ids"], {
      attributes: [attributes[0]!, graphAttribute("body", counting)],
    });
    expect([...exactOf([inside], ["x", "y"]).inputs.keys()]).toEqual(["y"]);
  });
});

test("a CastLike in a body goes by a type that is known in the body alone", () => {
  const like = (type: Code) => [
    node("Cast", ["y"], ["other"], { attributes: [intAttribute("to", type)] }),
    node("CastLike", ["x", "other"], ["yes"]),
  ];
  const counted = branches(like(Code.INT64), like(Code.INT64), ["z"]);
  expect(exactOf([counted], ["x", "y"]).inputs.get("x")).toEqual(COUNTS);
  const plain = branches(like(Code.DOUBLE), like(Code.DOUBLE), ["z"]);
  expect(exactOf([plain], ["x", "y"]).inputs.has("x")).toBe(false);
});

test("a body's own constant that float16 leaves nothing of is found where a node makes it", () => {
  const tiny = makeNode("Constant", [], ["eps"], {
    attributes: [tensorAttribute("value", tensorProto("", scalar("float32", 1e-12)))],
  });
  const holder = loop(["x"], ["end"], ["a"], [tiny, node("Add", ["a", "eps"], ["a2"])], ["a2"]);
  const { inputs } = exactOf([holder], ["x"]);
  expect([...inputs]).toEqual([["x", { code: "too-small", tensor: "eps" }]]);
});

test.each([
  ["OneHot", ["x", "depth", "values"]],
  ["Range", ["zero", "x", "one"]],
  ["Resize", ["y", "", "x"]],
])("%s takes a float for a count", (operator, reads) => {
  const { inputs } = exactOf(
    [
      node("Identity", ["x"], ["moved"]),
      node(
        operator,
        reads.map((name) => (name === "x" ? "moved" : name)),
        ["ids"],
      ),
    ],
    ["x", "y"],
  );
  expect([...inputs]).toEqual([["x", COUNTS]]);
});

test("a chain of Loops is followed in time that grows with it", () => {
  const length = 3000;
  const chain = Array.from({ length }, (_, at) =>
    loop([at ? `t${at}` : "x"], [`t${at + 1}`], ["a"], [node("Identity", ["a"], ["a2"])], ["a2"]),
  );
  const { inputs, layers } = exactOf([...chain, toInteger(`t${length}`)], ["x"]);
  expect([...inputs.keys()]).toEqual(["x"]);
  expect(layers.size).toBe(2 * length);
});
