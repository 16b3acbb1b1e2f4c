import { expect, test } from "vitest";
import type { Block, BlocksRequest, Part } from "../protocol.ts";
import { blocksOf } from "./blocks.ts";

const layer = (id: string, label = id.split("/").at(-1)!) => ({ id, label, isLayer: true });
const chainOf = (nodes: BlocksRequest["nodes"]): BlocksRequest => ({
  nodes,
  edges: nodes.slice(1).map((_, index) => [index, index + 1] as const),
});
const namesOf = (parts: readonly Part[]): readonly string[] =>
  parts.map((part) => (typeof part === "number" ? String(part) : part.name));

test("scopes of names are blocks, inside each other; one that holds everything or a single scope is none", () => {
  const graph = chainOf([
    ...["/m/stem/Conv", "/m/stem/Relu", "/m/stem/Add"].map((id) => layer(id)),
    ...["/m/body/a/b/Conv", "/m/body/a/b/Relu", "/m/body/a/b/Mul", "/m/body/Add"].map((id) => layer(id)),
  ]);
  const parts = blocksOf(graph);
  expect(namesOf(parts)).toEqual(["m/stem", "m/body"]);
  const body = parts[1] as Block;
  expect(namesOf(body.parts)).toEqual(["m/body/a/b", "6"]);
  expect(body.nodes).toEqual([3, 4, 5, 6]);
});

test("names that end in an operator and a number make no scopes", () => {
  const graph = chainOf(Array.from({ length: 12 }, (_, index) => layer(`p2o.Conv.${index}`, "Conv")));
  expect(blocksOf(graph)).toHaveLength(12);
});

test("a scope that what lies between leads back into is no block", () => {
  const graph = chainOf([
    ...["a/Conv", "a/Relu", "a/Mul"].map((id) => layer(id)),
    ...["b/Conv", "b/Relu", "b/Mul", "b/Add"].map((id) => layer(id)),
    layer("a/Add"),
  ]);
  expect(namesOf(blocksOf(graph))).toEqual(["0", "1", "2", "b", "7"]);
});

test("structure that repeats among many nodes without scopes is cut where least passes", () => {
  const block = ["Conv", "Relu", "Conv", "Add"];
  const nodes = [layer("first", "Gemm")];
  const edges: [number, number][] = [];
  for (let index = 0; index < 12; index++) {
    const before = nodes.length - 1;
    for (const [step, operator] of block.entries()) {
      edges.push([nodes.length - 1, nodes.length]);
      if (step === 3) edges.push([before, nodes.length]);
      nodes.push(layer(`node${nodes.length}`, operator));
    }
  }
  const parts = blocksOf({ nodes, edges });
  expect(namesOf(parts)).toEqual(["0", ...Array.from({ length: 12 }, (_, index) => `Conv…Add ${index + 1} of 12`)]);
  expect((parts[1] as Block).nodes.map((node) => nodes[node]!.label)).toEqual(block);
});
