import { create } from "@bufbuild/protobuf";
import { expect, it } from "vitest";
import { makeNode } from "../onnx/attributes.ts";
import { allNodes } from "../onnx/opset.ts";
import {
  AttributeProto_AttributeType,
  AttributeProtoSchema,
  type GraphProto,
  GraphProtoSchema,
  type ModelProto,
  type NodeProto,
  type ValueInfoProto,
} from "../onnx/proto/onnx_pb.ts";
import { scalar, tensorProto } from "../onnx/tensor.ts";
import { buildModel, floatInput, noise, portInfo } from "../onnx/testing/build.ts";
import { foldBodies } from "./foldBodies.ts";
import { graphOf } from "./pass.ts";
import { relativeDifference, run } from "./testing/native.ts";

const body = (name: string, node: readonly NodeProto[], output: ValueInfoProto[], more: Partial<GraphProto> = {}) =>
  create(AttributeProtoSchema, {
    name,
    type: AttributeProto_AttributeType.GRAPH,
    g: create(GraphProtoSchema, { name, node: [...node], output, ...(more as object) }),
  });

const x = (name: string) => floatInput(name, [2, 3]);
const flag = (name: string) => portInfo({ name, type: "bool", dims: [] });

/** A Loop whose body reads a constant of the model's, hides another by an input of its own, and holds an If that constants decide. */
function model(): ModelProto {
  const within = [
    makeNode("Mul", ["outer", "own"], ["scale"]),
    makeNode("Mul", ["state", "scale"], ["scaled"]),
    makeNode("Not", ["yes"], ["no"]),
    makeNode("If", ["no"], ["next"], {
      attributes: [
        body("then_branch", [makeNode("Exp", ["scaled"], ["e"])], [x("e")]),
        body(
          "else_branch",
          [makeNode("Add", ["scaled", "hidden"], ["a"]), makeNode("Add", ["a", "outer"], ["b"])],
          [x("b")],
        ),
      ],
    }),
    makeNode("Add", ["hidden", "outer"], ["other"]),
    makeNode("Identity", ["go"], ["on"]),
  ];
  const loop = body("body", within, [flag("on"), x("next"), x("other")], {
    input: [portInfo({ name: "i", type: "int64", dims: [] }), flag("go"), x("state"), x("hidden")],
    initializer: [tensorProto("own", scalar("float32", 0.5))],
  });
  return buildModel({
    opset: 17,
    inputs: [x("x")],
    outputs: ["y", "z"],
    nodes: [makeNode("Loop", ["times", "", "x", "x"], ["y", "z"], { attributes: [loop] })],
    constants: {
      outer: noise([2, 3], 2),
      hidden: noise([2, 3], 3),
      yes: scalar("bool", 1),
      times: scalar("int64", 2),
    },
  });
}

it("folds what constants within and around a body decide, and no more", async () => {
  const given = model();
  const { model: folded, changes } = await foldBodies(given, (each) => run(each));
  expect([...allNodes(graphOf(folded))].map(({ opType, input }) => [opType, ...input])).toEqual([
    ["Loop", "times", "", "x", "x"],
    ["Mul", "state", "scale"],
    ["Add", "scaled", "hidden"],
    ["Add", "a", "outer"],
    ["Add", "hidden", "outer"],
    ["Identity", "go"],
  ]);
  expect(graphOf(folded).initializer).toBe(graphOf(given).initializer);
  expect(graphOf(folded).node[0]!.attribute[0]!.g!.initializer.map(({ name }) => name)).toEqual(["scale"]);
  expect(changes.map(({ what }) => what)).toContain("computed in advance within a body");
  const feeds = new Map([["x", noise([2, 3], 4)]]);
  const [before, after] = [await run(given, feeds), await run(folded, feeds)];
  for (const [name, tensor] of before) expect(relativeDifference(tensor, after.get(name))).toBeLessThan(1e-6);
});

it("gives the model itself where there is nothing to fold", async () => {
  const { model: once } = await foldBodies(model(), (each) => run(each));
  expect((await foldBodies(once, (each) => run(each))).model).toBe(once);
});

it("keeps no constant that only a graph within read before it was folded there", async () => {
  const branch = (name: string) =>
    body(name, [makeNode("Mul", ["own", "outer"], ["m"]), makeNode("Add", ["x", "m"], ["a"])], [x("a")]);
  const inner = makeNode("If", ["go"], ["next"], { attributes: [branch("then_branch"), branch("else_branch")] });
  const loop = body("body", [inner, makeNode("Identity", ["go"], ["on"])], [flag("on"), x("next")], {
    input: [portInfo({ name: "i", type: "int64", dims: [] }), flag("go"), x("state")],
    initializer: [tensorProto("own", scalar("float32", 0.5))],
  });
  const given = buildModel({
    opset: 17,
    inputs: [x("x")],
    outputs: ["y"],
    nodes: [makeNode("Loop", ["times", "", "x"], ["y"], { attributes: [loop] })],
    constants: { outer: noise([2, 3], 2), times: scalar("int64", 2) },
  });
  const { model: folded } = await foldBodies(given, (each) => run(each));
  const within = graphOf(folded).node[0]!.attribute[0]!.g!;
  expect(within.initializer).toEqual([]);
  expect(within.node[0]!.attribute.map(({ g }) => g!.initializer.map(({ name }) => name))).toEqual([["m"], ["m"]]);
  const feeds = new Map([["x", noise([2, 3], 4)]]);
  expect(relativeDifference((await run(given, feeds)).get("y"), (await run(folded, feeds)).get("y"))).toBeLessThan(
    1e-6,
  );
});
