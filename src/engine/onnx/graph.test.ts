import { create } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import { makeNode } from "./attributes.ts";
import { GraphIndex } from "./graph.ts";
import { freshName, renameTensors, tensorNames } from "./names.ts";
import { inTopologicalOrder } from "./order.ts";
import { AttributeProtoSchema, GraphProtoSchema, type NodeProto } from "./proto/onnx_pb.ts";
import { scalar } from "./tensor.ts";
import { buildModel, floatInput, noise } from "./testing/build.ts";

/** An If whose branches read `outer` from around them. */
function branching(condition: string, outer: string, output: string): NodeProto {
  const branch = (name: string, op: string) =>
    create(AttributeProtoSchema, {
      name,
      g: create(GraphProtoSchema, {
        name,
        node: [makeNode(op, [outer], ["inner"]), makeNode("Neg", ["inner"], ["result"])],
        output: [{ name: "result" }],
      }),
    });
  return makeNode("If", [condition], [output], {
    attributes: [branch("then_branch", "Relu"), branch("else_branch", "Abs")],
  });
}

const graphOf = (nodes: readonly NodeProto[], outputs: readonly string[]) => {
  const { graph } = buildModel({
    opset: 13,
    inputs: [floatInput("x", [4]), floatInput("w", [4])],
    outputs,
    nodes,
    constants: { w: noise([4]), c: scalar("bool", 1) },
  });
  if (!graph) throw new Error("no graph");
  return graph;
};

describe("GraphIndex", () => {
  const add = makeNode("Add", ["x", "x"], ["a"], { name: "twice" });
  const clip = makeNode("Clip", ["a", "", "w"], ["b"], { name: "twice" });
  const branch = branching("c", "a", "y");
  const drop = makeNode("Dropout", ["b"], ["z", ""]);
  const index = new GraphIndex(graphOf([add, clip, branch, drop], ["y", "z"]));

  it("knows producers and every reading, inside subgraphs too", () => {
    expect(index.producer("a")).toBe(add);
    expect(index.producer("x")).toBeUndefined();
    expect(index.producer("")).toBeUndefined();
    expect(index.uses("x")).toEqual([
      { node: add, input: 0 },
      { node: add, input: 1 },
    ]);
    expect(index.consumers("x")).toEqual([add]);
    expect(index.uses("a")).toEqual([
      { node: clip, input: 0 },
      { node: branch, input: -1 },
    ]);
    expect(index.uses("")).toEqual([]);
    expect(index.uses("inner")).toEqual([]);
  });

  it("takes an initialiser that is listed as an input for a constant", () => {
    expect(index.isInput("x")).toBe(true);
    expect(index.isInput("w")).toBe(false);
    expect(index.inputs.map(({ name }) => name)).toEqual(["x"]);
    expect(index.initializer("w")?.name).toBe("w");
    expect([index.isOutput("y"), index.isOutput("a")]).toEqual([true, false]);
    expect([index.has("w"), index.has("b"), index.has("inner"), index.has("nothing")]).toEqual([
      true,
      true,
      false,
      false,
    ]);
  });

  it("gives every node an id of its own", () => {
    expect([add, clip, branch, drop].map((node) => index.id(node))).toEqual(["twice", "Clip:b", "If:y", "Dropout:z"]);
    expect(index.node("Clip:b")).toBe(clip);
  });
});

describe("inTopologicalOrder", () => {
  const [first, second, third] = [
    makeNode("Relu", ["x"], ["a"]),
    branching("c", "a", "b"),
    makeNode("Neg", ["b"], ["y"]),
  ] as const;

  it("leaves an ordered graph alone and sorts another, captured tensors included", () => {
    const ordered = graphOf([first, second, third], ["y"]);
    expect(inTopologicalOrder(ordered)).toBe(ordered);
    expect(inTopologicalOrder(graphOf([third, second, first], ["y"])).node).toEqual([first, second, third]);
  });

  it("names the layer that can never run", () => {
    expect(() => inTopologicalOrder(graphOf([first, makeNode("Add", ["a", "lost"], ["y"])], ["y"]))).toThrow(
      /"Add:y" reads "lost"/,
    );
    const cycle = [makeNode("Neg", ["q"], ["p"]), makeNode("Neg", ["p"], ["q"])];
    expect(() => inTopologicalOrder(graphOf(cycle, ["q"]))).toThrow(/"Neg:p" waits for its own output/);
  });
});

describe("names", () => {
  it("finds names at every depth and makes others", () => {
    const names = tensorNames(graphOf([branching("c", "x", "y")], ["y"]));
    expect(names).toEqual(new Set(["x", "w", "c", "y", "inner", "result"]));
    expect([freshName(names, "z"), freshName(names, "inner"), freshName(names, "inner")]).toEqual([
      "z",
      "inner_1",
      "inner_2",
    ]);
  });

  it("renames what subgraphs capture, and touches nothing else", () => {
    const node = branching("c", "x", "y");
    const renamed = renameTensors(node, new Map([["x", "x2"]]));
    expect(renamed.attribute.map(({ g }) => g?.node[0]?.input)).toEqual([["x2"], ["x2"]]);
    expect(node.attribute.map(({ g }) => g?.node[0]?.input)).toEqual([["x"], ["x"]]);
    expect(renameTensors(makeNode("Relu", ["a"], ["b"]), new Map([["x", "x2"]])).input).toEqual(["a"]);
  });
});
