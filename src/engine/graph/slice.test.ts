import fc from "fast-check";
import { expect, test } from "vitest";
import type { TensorMap } from "../model/tensor.ts";
import { intAttribute, makeNode } from "../onnx/attributes.ts";
import { GraphIndex } from "../onnx/graph.ts";
import type { NodeProto } from "../onnx/proto/onnx_pb.ts";
import { buildModel, floatInput, noise } from "../onnx/testing/build.ts";
import { graphOf } from "./pass.ts";
import { frontierAt, sliceModel } from "./slice.ts";
import { run } from "./testing/native.ts";

/** Nodes that each read two earlier tensors. */
const graphs = fc
  .array(fc.tuple(fc.nat(), fc.nat(), fc.constantFrom("Add", "Mul", "Max")), { minLength: 2, maxLength: 9 })
  .map((choices) => {
    const made = ["x", "c"];
    const nodes: NodeProto[] = choices.map(([a, b, operator], i) => {
      const node = makeNode(operator, [made[a % made.length]!, made[b % made.length]!], [`t${i}`]);
      made.push(`t${i}`);
      return node;
    });
    return buildModel({
      opset: 13,
      inputs: [floatInput("x", [1, 4])],
      outputs: [made.at(-1)!],
      nodes,
      constants: { c: noise([1, 4], 3) },
    });
  });

test("a graph cut anywhere computes what it did", () =>
  fc.assert(
    fc.asyncProperty(graphs, fc.nat(), async (model, place) => {
      const index = new GraphIndex(graphOf(model));
      const count = index.graph.node.length;
      const at = 1 + (place % (count - 1));
      const feeds: TensorMap = new Map([["x", noise([1, 4], 8)]]);
      const output = index.graph.output[0]!.name;
      const frontier = frontierAt(index, at);
      const made = frontier.filter((name) => name !== "x");
      const kept = new Map(feeds);
      if (made.length > 0) {
        const early = sliceModel(model, index, [0, at], made, () => "float32");
        for (const [name, tensor] of await run(early, pick(feeds, early))) kept.set(name, tensor);
      }
      const late = sliceModel(model, index, [at, count], [output], () => "float32");
      expect(
        graphOf(late)
          .input.map(({ name }) => name)
          .sort(),
      ).toEqual([...frontier].sort());
      const result = await run(late, pick(kept, late));
      expect(result.get(output)?.data).toEqual((await run(model, feeds)).get(output)?.data);
    }),
    { numRuns: 25 },
  ));

function pick(tensors: TensorMap, model: Parameters<typeof graphOf>[0]): TensorMap {
  const wanted = new Set(graphOf(model).input.map(({ name }) => name));
  return new Map([...tensors].filter(([name]) => wanted.has(name)));
}

test("what a subgraph reads is on the frontier", () => {
  const node = makeNode("Relu", ["x"], ["a"]);
  const index = new GraphIndex(
    graphOf(
      buildModel({
        opset: 13,
        inputs: [floatInput("x", [2, 2])],
        outputs: ["y"],
        nodes: [
          node,
          makeNode("Flatten", ["x"], ["b"], { attributes: [intAttribute("axis", 1)] }),
          makeNode("Add", ["a", "b"], ["y"]),
        ],
      }),
    ),
  );
  expect(frontierAt(index, 2)).toEqual(["a", "b"]);
  expect(frontierAt(index, 1)).toEqual(["x", "a"]);
});
