import { expect, test } from "vitest";
import type { ModelSummary } from "../../engine/model/summary.ts";
import { topologyOf } from "./topology.ts";

const layer = (id: string, inputs: string[], outputs: string[]) => ({
  id,
  operator: id.toUpperCase(),
  inputs,
  outputs,
});
const plan = {
  inputs: [{ name: "x" }, { name: "ids" }],
  outputs: [{ name: "y" }],
  layers: [
    layer("split", ["x"], ["a", "b"]),
    layer("mul", ["a", "b", "w"], ["m"]),
    layer("gather", ["table", "ids"], ["g"]),
    layer("add", ["m", "g", "x"], ["y"]),
  ],
  activations: [{ name: "x", producer: null }],
} as unknown as ModelSummary;

test("inputs, layers and outputs are nodes; initialisers are not, and parallel tensors are one edge", () => {
  const { nodes, edges } = topologyOf(plan);
  const ids = nodes.map(({ id }) => id);
  expect(ids).toEqual(["input x", "input ids", "split", "mul", "gather", "add", "output y"]);
  expect(edges.map(([from, to]) => `${ids[from]} > ${ids[to]}`)).toEqual([
    "input x > split",
    "split > mul",
    "input ids > gather",
    "mul > add",
    "gather > add",
    "input x > add",
    "add > output y",
  ]);
});

test("producers and consumers say the edges from both ends", () => {
  const { edges, producers, consumers, indexOf } = topologyOf(plan);
  expect(consumers.flatMap((readers, from) => readers.map((to) => [from, to])).length).toBe(edges.length);
  for (const [from, to] of edges) {
    expect(producers[to]).toContain(from);
    expect(consumers[from]).toContain(to);
  }
  expect(producers[indexOf.get("add")!]).toHaveLength(3);
});

test("the key is that of the graph, whatever stays in float", () => {
  const floating = { ...plan, layers: plan.layers.map((entry) => ({ ...entry, precision: "float32" as const })) };
  expect(topologyOf(floating).key).toBe(topologyOf(plan).key);
  expect(topologyOf({ ...plan, layers: plan.layers.slice(0, 3) }).key).not.toBe(topologyOf(plan).key);
});
