import fc from "fast-check";
import { expect, test } from "vitest";
import { blocksOf } from "../../../workers/layout/blocks.ts";
import { ranksOf } from "../../../workers/layout/ranks.ts";
import { allBlocks, blocksAround, firstOpen, shownOf } from "./shown.ts";
import { blocksRequest, type GraphNode, neighboursOf, type Topology } from "./topology.ts";

const layer = (id: string, label = id.split("/").at(-1)!): GraphNode => ({ id, kind: "layer", label });
const partsOf = (graph: Topology) => blocksOf(blocksRequest(graph));
const chainOf = (nodes: readonly GraphNode[]) =>
  neighboursOf(
    nodes,
    nodes.slice(1).map((_, index) => [index, index + 1] as const),
  );

const scopes = fc.array(fc.constantFrom("a", "b", "c"), { maxLength: 3 });
const graphs = fc
  .array(fc.tuple(scopes, fc.constantFrom("Conv", "Relu"), fc.nat(), fc.nat()), { minLength: 1, maxLength: 60 })
  .map((given) =>
    neighboursOf(
      given.map(([path, label], index) => layer(`${path.map((scope) => `${scope}/`).join("")}${index}`, label)),
      given.flatMap(([, , one, other], to) =>
        to === 0 ? [] : [...new Set([one % to, other % to])].map((from) => [from, to] as const),
      ),
    ),
  );

test("whichever blocks are open every node is drawn once, no edge is lost, and there is a top and a bottom", () => {
  fc.assert(
    fc.property(graphs, fc.infiniteStream(fc.boolean()), (graph, choices) => {
      const parts = partsOf(graph);
      const open = new Set(allBlocks(parts).flatMap(({ id }) => (choices.next().value ? [id] : [])));
      const { topology, drawnAs, blocks } = shownOf(graph, parts, open);
      expect(drawnAs).toHaveLength(graph.nodes.length);
      graph.nodes.forEach(({ id }, node) => {
        const drawn = drawnAs[node]!;
        expect(blocks[drawn]?.nodes.includes(node) ?? topology.nodes[drawn]!.id === id).toBe(true);
      });
      const drawnEdges = new Set(topology.edges.map(String));
      for (const [from, to] of graph.edges) {
        const pair = [drawnAs[from]!, drawnAs[to]!] as const;
        expect(pair[0] === pair[1] || drawnEdges.has(String(pair))).toBe(true);
      }
      expect(() => ranksOf(topology.nodes.length, topology.edges)).not.toThrow();
    }),
    { numRuns: 100, seed: 12 },
  );
});

test("a small graph opens whole, a large one with as many blocks open as stay readable", () => {
  const scoped = (count: number) =>
    chainOf(
      Array.from({ length: count }, (_, index) => layer(`l${Math.floor(index / 10)}/${index}`, `O${index % 10}`)),
    );
  const small = partsOf(scoped(100));
  expect(firstOpen(small, 100).size).toBe(10);
  const large = partsOf(scoped(400));
  const open = firstOpen(large, 400);
  expect(shownOf(scoped(400), large, open).topology.nodes.length).toBeLessThanOrEqual(60);
  expect(open.size).toBe(2);
});

test("the blocks around a layer are named from the outside in", () => {
  const ids = ["m/a/Conv", "m/a/b/Conv", "m/a/b/Relu", "m/a/b/Mul", "m/a/Add", "m/Gemm", "m/c/Conv", "m/Add"];
  const parts = partsOf(chainOf(ids.map((id) => layer(id))));
  expect(blocksAround(parts, 3).map(({ name }) => name)).toEqual(["m/a", "m/a/b"]);
  expect(blocksAround(parts, 7)).toEqual([]);
});
