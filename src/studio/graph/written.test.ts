import { expect, test } from "vitest";
import { ranksOf } from "../../../workers/layout/ranks.ts";
import type { Block, Part } from "../../../workers/protocol.ts";
import { shownOf } from "./shown.ts";
import { neighboursOf } from "./topology.ts";
import { writtenParts, writtenTopology } from "./written.ts";

const node = (id: string, operator: string, inputs: string[], outputs: string[], layer: string | null = null) => ({
  ...{ id, operator, inputs, outputs, layer },
});
const written = {
  inputs: ["x"],
  outputs: ["out"],
  nodes: [
    node("qx", "QuantizeLinear", ["x"], ["x.q"]),
    node("dx", "DequantizeLinear", ["x.q"], ["x.d"]),
    node("dw", "DequantizeLinear", ["w.q"], ["w.d"]),
    node("conv", "Conv", ["x.d", "w.d"], ["a"], "conv"),
    node("qa", "QuantizeLinear", ["a"], ["a.q"]),
    node("da", "DequantizeLinear", ["a.q"], ["a.d"]),
    node("gemm", "Gemm", ["a.d"], ["out"], "gemm"),
  ],
};
const float = neighboursOf(
  [
    { id: "input x", kind: "input", label: "x" },
    { id: "conv", kind: "layer", label: "Conv" },
    { id: "relu", kind: "layer", label: "Relu" },
    { id: "gemm", kind: "layer", label: "Gemm" },
    { id: "output out", kind: "output", label: "out" },
  ],
  [
    [0, 1],
    [1, 2],
    [2, 3],
    [3, 4],
  ],
);
const block: Block = { id: "scope a", name: "a", parts: [1, 2], nodes: [1, 2] };

test("a block of the float model holds what computes its layers in the written one, and what was added for them", () => {
  const topology = writtenTopology(written);
  const parts = writtenParts(written, topology, float, [0, block, 3, 4]);
  const nameOf = (part: Part) => (typeof part === "number" ? topology.nodes[part]!.id : part.name);
  const [a] = parts.filter((part): part is Block => typeof part !== "number");
  expect(a!.nodes.map((index) => topology.nodes[index]!.id)).toEqual(["dw", "conv", "qa", "da"]);
  expect(new Set(parts.map(nameOf))).toEqual(new Set(["input x", "qx", "dx", "a", "gemm", "output out"]));
  const closed = shownOf(topology, parts, new Set()).topology;
  expect(closed.edges).toHaveLength(5);
  expect(() => ranksOf(closed.nodes.length, closed.edges)).not.toThrow();
});
