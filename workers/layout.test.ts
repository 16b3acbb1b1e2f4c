import fc from "fast-check";
import { expect, test } from "vitest";
import { layOut } from "./layout.ts";
import type { GraphLayout } from "./protocol.ts";

const box = { width: 100, height: 30 };

/** Graphs of up to 24 boxes whose edges go from a lower index to a higher. */
const graphs = fc.integer({ min: 1, max: 24 }).chain((boxes) =>
  fc.record({
    boxes: fc.constant(boxes),
    edges: fc
      .uniqueArray(fc.tuple(fc.nat(boxes - 1), fc.nat(boxes - 1)), { maxLength: 40, selector: (pair) => pair.join() })
      .map((pairs) => pairs.filter(([from, to]) => from < to)),
  }),
);

function overlaps({ centres }: GraphLayout): number {
  return centres.filter((a, index) =>
    centres.slice(index + 1).some((b) => Math.abs(a.x - b.x) < box.width && Math.abs(a.y - b.y) < box.height),
  ).length;
}

test("no two boxes overlap, all lie inside, and every edge goes down", () => {
  fc.assert(
    fc.property(graphs, ({ boxes, edges }) => {
      const layout = layOut({ boxes, edges, box });
      expect(layout.centres).toHaveLength(boxes);
      expect(overlaps(layout)).toBe(0);
      for (const { x, y } of layout.centres) {
        expect(x - box.width / 2).toBeGreaterThanOrEqual(0);
        expect(x + box.width / 2).toBeLessThanOrEqual(layout.width);
        expect(y - box.height / 2).toBeGreaterThanOrEqual(0);
        expect(y + box.height / 2).toBeLessThanOrEqual(layout.height);
      }
      edges.forEach(([from, to], index) => {
        const bends = layout.bends[index]!;
        expect(bends[0]).toEqual({ x: layout.centres[from]!.x, y: layout.centres[from]!.y + box.height / 2 });
        expect(bends.at(-1)).toEqual({ x: layout.centres[to]!.x, y: layout.centres[to]!.y - box.height / 2 });
        const heights = bends.map(({ y }) => y);
        expect(heights).toEqual([...heights].sort((a, b) => a - b));
      });
    }),
    { numRuns: 60 },
  );
});

test("a chain is one straight line, and a fork is symmetric about it", () => {
  const chain = layOut({
    boxes: 3,
    edges: [
      [0, 1],
      [1, 2],
    ],
    box,
  });
  expect(new Set(chain.centres.map(({ x }) => x)).size).toBe(1);
  const { centres } = layOut({
    boxes: 4,
    edges: [
      [0, 1],
      [0, 2],
      [1, 3],
      [2, 3],
    ],
    box,
  });
  expect(centres[0]!.x).toBeCloseTo((centres[1]!.x + centres[2]!.x) / 2);
  expect(centres[3]!.x).toBeCloseTo(centres[0]!.x);
});

test("long edges beside a chain leave it straight and the picture narrow", () => {
  const edges = Array.from({ length: 30 }, (_, index) => [index, index + 1] as const);
  const around = Array.from({ length: 6 }, (_, index) => [index, 30 - index] as const);
  const { centres, width } = layOut({ boxes: 31, edges: [...edges, ...around], box });
  const middle = centres.slice(8, 22).map(({ x }) => x);
  for (const x of middle) expect(x).toBeCloseTo(middle[0]!);
  expect(width).toBeLessThan(4 * box.width);
});
