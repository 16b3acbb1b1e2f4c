import { expect, test } from "vitest";
import type { Row } from "../state/layers.ts";
import { meets, nodesOf, shiftInto } from "./scene.ts";
import { shownOf } from "./shown.ts";
import { neighboursOf } from "./topology.ts";

const view = { left: 0, top: 0, right: 100, bottom: 50 };
const box = (left: number, top: number) => ({ left, top, right: left + 20, bottom: top + 10 });

test("a view moves only as far as it takes to see a box with space around it", () => {
  expect(shiftInto(box(40, 20), view, 5)).toEqual({ x: 0, y: 0 });
  expect(shiftInto(box(90, 20), view, 5)).toEqual({ x: 15, y: 0 });
  expect(shiftInto(box(2, -40), view, 5)).toEqual({ x: -3, y: -45 });
});

test("a box larger than the view is centred in it", () => {
  expect(shiftInto({ left: 0, top: 0, right: 300, bottom: 10 }, view, 0)).toEqual({ x: 100, y: 0 });
});

test("boxes meet when they share a point", () => {
  expect(meets(box(100, 50), view)).toBe(true);
  expect(meets(box(101, 0), view)).toBe(false);
  expect(meets(box(0, -11), view)).toBe(false);
});

test("nodes of a quantized file have its precisions and the figures of its layers; a block has the worst in it", () => {
  const drawn = ["a", "b", "c"].map((id) => ({ id, kind: "layer" as const, label: "Conv" }));
  const topology = neighboursOf(drawn, [
    [0, 1],
    [1, 2],
  ]);
  const block = { id: "block", name: "block", nodes: [1, 2], parts: [1, 2] };
  const shown = shownOf(topology, [0, block], new Set());
  const centres = [0, 1].map((y) => ({ x: 0, y }));
  const rows = drawn.map(({ id }) => ({ id, precision: "float32", fusedWith: null }) as Row);
  const shares = new Map([
    ["a", 0.2],
    ["b", 0.5],
    ["c", 0.4],
  ]);
  const heatOf = ({ id }: Row) => ({ share: shares.get(id)!, text: `${id} dB`, own: true });
  const precisions = new Map([["a", "int8" as const]]);
  const nodes = nodesOf({ shown, layout: { centres } as never }, rows, { heatOf, precisions });
  expect(nodes.map(({ precision, heat }) => [precision, heat?.text])).toEqual([
    ["int8", "a dB"],
    [null, "b dB"],
  ]);
});
