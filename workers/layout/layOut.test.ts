import fc from "fast-check";
import { expect, test } from "vitest";
import type { GraphLayout } from "../protocol.ts";
import { layOut } from "./layOut.ts";

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
    { numRuns: 60, seed: 12 },
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

test("a chain of 5,000 is laid out, and so are 5,000 boxes that one way passes by", () => {
  const edges = Array.from({ length: 4999 }, (_, index) => [index, index + 1] as const);
  const chain = layOut({ boxes: 5000, edges, box });
  expect(new Set(chain.centres.map(({ x }) => x)).size).toBe(1);
  expect(new Set(chain.centres.map(({ y }) => y)).size).toBe(5000);
  const past = layOut({ boxes: 5000, edges: [...edges, [0, 4999]], box });
  expect(past.bends.at(-1)).toHaveLength(4);
  expect(past.width).toBeLessThan(4 * box.width);
});

test("a lane runs beside every box that it passes", () => {
  const edges = Array.from({ length: 99 }, (_, index) => [index, index + 1] as const);
  const fans = Array.from({ length: 5 }, (_, index) => [40, 100 + index] as const);
  const { bends, centres } = layOut({ boxes: 105, edges: [...edges, ...fans, [1, 60], [0, 99]], box });
  const [inner, outer] = bends.slice(-2).map((points) => points[1]!.x) as [number, number];
  expect(Math.max(...centres.map(({ x }) => x + box.width / 2))).toBeLessThan(inner);
  expect(inner).toBeLessThan(outer);
});

test("a chain is straight also where each second box reads constants made beside it", () => {
  const edges: [number, number][] = [];
  const chain = [0];
  for (let box = 1; box < 40; box += 4) {
    const [one, other, reader, last] = [box, box + 1, box + 2, box + 3];
    edges.push([chain.at(-1)!, reader], [one, reader], [other, reader], [reader, last]);
    chain.push(reader, last);
  }
  const { centres } = layOut({ boxes: 41, edges, box });
  const places = chain.slice(1).map((index) => centres[index]!.x);
  expect(Math.max(...places) - Math.min(...places)).toBeLessThan(box.width / 4);
});

test("edges from one box share their way down", () => {
  const edges = Array.from({ length: 20 }, (_, index) => [index, index + 1] as const);
  const { bends } = layOut({ boxes: 21, edges: [...edges, [0, 8], [0, 16]], box });
  const [short, long] = bends.slice(-2) as [GraphLayout["bends"][number], GraphLayout["bends"][number]];
  expect(long.slice(0, 2)).toEqual(short.slice(0, 2));
});

test("the same graph is drawn the same, and one that goes round in a circle is refused", () => {
  const edges = [0, 3, 5, 1, 7, 2].flatMap((from, index) => [[from, 8] as const, [from, 9 + index] as const]);
  expect(layOut({ boxes: 15, edges, box })).toEqual(layOut({ boxes: 15, edges, box }));
  const circle = [
    [0, 1],
    [1, 0],
  ] as const;
  expect(() => layOut({ boxes: 2, edges: circle, box })).toThrow("comes round to itself");
});
