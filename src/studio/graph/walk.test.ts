import { expect, test } from "vitest";
import type { ModelSummary } from "../../engine/model/summary.ts";
import { topologyOf } from "./topology.ts";
import { type Direction, step } from "./walk.ts";

const layer = (id: string, inputs: string[]) => ({ id, operator: id, inputs, outputs: [`${id}.out`] });
/** A fire module with a way around it: x > squeeze > left, right > concat > sum, and squeeze > sum. */
const topology = topologyOf({
  inputs: [{ name: "x" }],
  outputs: [{ name: "sum.out" }],
  layers: [
    layer("squeeze", ["x"]),
    layer("left", ["squeeze.out"]),
    layer("right", ["squeeze.out"]),
    layer("concat", ["left.out", "right.out"]),
    layer("sum", ["concat.out", "squeeze.out"]),
  ],
  activations: [],
} as unknown as ModelSummary);
const centres = [
  { x: 0, y: 0 },
  { x: 0, y: 60 },
  { x: -80, y: 120 },
  { x: 80, y: 120 },
  { x: 0, y: 180 },
  { x: 0, y: 240 },
  { x: 0, y: 300 },
];
const layout = { width: 320, height: 300, centres, bends: [] };

function walk(from: string, directions: readonly Direction[]): string {
  let at = topology.indexOf.get(from)!;
  for (const direction of directions) at = step(topology, layout, at, direction) ?? at;
  return topology.nodes[at]!.id;
}

test("up is the nearest producer, down the nearest consumer", () => {
  expect(walk("sum", ["up"])).toBe("concat");
  expect(walk("squeeze", ["up"])).toBe("input x");
  expect(walk("left", ["down", "down"])).toBe("sum");
});

test("left and right are those that share a producer or a consumer", () => {
  expect(walk("left", ["right"])).toBe("right");
  expect(walk("right", ["left"])).toBe("left");
  expect(walk("right", ["right"])).toBe("right");
  expect(walk("concat", ["left"])).toBe("concat");
});

test("an end stays an end", () => {
  expect(walk("input x", ["up"])).toBe("input x");
  expect(walk("sum", ["down", "down"])).toBe("output sum.out");
});
