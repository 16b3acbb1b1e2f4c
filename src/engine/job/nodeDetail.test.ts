import { expect, test } from "vitest";
import { intsAttribute, makeNode } from "../onnx/attributes.ts";
import { concat } from "../onnx/encode.ts";
import { vector } from "../onnx/tensor.ts";
import { buildModel, floatInput, noise } from "../onnx/testing/build.ts";
import { NodeDetails } from "./nodeDetail.ts";
import { Beside } from "./quantizedBeside.ts";
import { readQuantized } from "./readQuantized.ts";
import { open, quantizeAndCompare } from "./testing/quantized.ts";
import { writtenGraph } from "./writtenGraph.ts";

const model = () =>
  buildModel({
    opset: 13,
    inputs: [floatInput("in", [1, 1, 6, 6])],
    outputs: ["out"],
    nodes: [
      makeNode("Conv", ["in", "w"], ["a"], { name: "first", attributes: [intsAttribute("strides", [2, 1])] }),
      makeNode("Relu", ["a"], ["b"], { name: "relu" }),
      makeNode("Reshape", ["b", "shape"], ["out"], { name: "flat" }),
    ],
    constants: { w: noise([4, 1, 3, 3]), shape: vector("int64", [1, -1]) },
  });

test("a node is told with its attributes, and its tensors with type, shape, range and first values", async () => {
  const opened = await open(model());
  const details = new NodeDetails(opened.folded.graph!, opened.shapes);
  const conv = details.of("first")!;
  expect(conv.attributes).toContainEqual({ name: "strides", value: "[2, 1]" });
  expect(conv.inputs.map(({ name, type, dims }) => ({ name, type, dims }))).toEqual([
    { name: "in", type: "float32", dims: [1, 1, 6, 6] },
    { name: "w", type: "float32", dims: [4, 1, 3, 3] },
  ]);
  const values = [...(noise([4, 1, 3, 3]).data as Float32Array)];
  expect(conv.inputs[1]!.constant).toMatchObject({
    elements: 36,
    range: { low: Math.min(...values), high: Math.max(...values) },
  });
  expect(conv.inputs[1]!.constant!.first).toHaveLength(16);
  expect(conv.outputs).toEqual([{ name: "a", type: "float32", dims: [1, 4, 2, 4], constant: null }]);
  const shape = details.of("flat")!.inputs[1]!;
  expect(shape).toMatchObject({ type: "int64", dims: [2], constant: { first: ["1", "-1"], elements: 2 } });
  expect(details.of("nobody")).toBeNull();
});

test("the graph that is written says which node computes which layer, and what was added", async () => {
  const feeds = [new Map([["in", noise([1, 1, 6, 6])]])];
  const { quantized } = await quantizeAndCompare(model(), feeds, feeds);
  const { nodes, inputs, outputs } = writtenGraph(quantized);
  expect([inputs, outputs]).toEqual([["in"], ["out"]]);
  const layers = nodes.filter(({ layer }) => layer !== null);
  expect(layers.map(({ operator, layer }) => [operator, layer])).toContainEqual(["Conv", "first"]);
  expect(new Set(layers.map(({ layer }) => layer)).size).toBe(layers.length);
  const added = nodes.filter(({ layer }) => layer === null).map(({ operator }) => operator);
  expect(new Set(added)).toEqual(new Set(["QuantizeLinear", "DequantizeLinear"]));
  const quantize = nodes.find(({ operator }) => operator === "QuantizeLinear")!;
  const [, scale] = new NodeDetails(quantized.model.graph!, new Map()).of(quantize.id)!.inputs;
  expect(scale).toMatchObject({ type: "float32", dims: [], constant: { elements: 1 } });
});

test("the graph of a quantized file says which of its nodes are which layers of the float model, in what type, and what each is", async () => {
  const feeds = [new Map([["in", noise([1, 1, 6, 6])]])];
  const opened = await open(model());
  const { quantized } = await quantizeAndCompare(model(), feeds, feeds);
  const source = { bytes: concat(quantized.chunks), fileName: "given.onnx", readBeside: async () => null };
  const beside = new Beside(opened, await readQuantized(source));
  const { nodes, precisions, ...ends } = beside.graph();
  const written = writtenGraph(quantized);
  expect(ends).toEqual({ inputs: ["in"], outputs: ["out"] });
  expect(nodes.map(({ id, operator }) => [id, operator])).toEqual(
    written.nodes.map(({ id, operator }) => [id, operator]),
  );
  const layerOf = new Map(nodes.map(({ id, layer }) => [id, layer]));
  const conv = written.nodes.find(({ layer }) => layer === "first")!;
  expect(layerOf.get(conv.id)).toBe("first");
  expect(precisions.get("first")).toBe("int8");
  expect(beside.node(conv.id)!.attributes).toContainEqual({ name: "strides", value: "[2, 1]" });
  expect(beside.node("nobody")).toBeNull();
});
