import { expect, test } from "vitest";
import { anchorOf } from "./anchor.ts";
import type { Laid } from "./useLayout.ts";

const laid = (drawnAs: readonly number[], centres: readonly { x: number; y: number }[]) =>
  ({ shown: { drawnAs }, layout: { centres } }) as unknown as Laid;
const closed = laid(
  [0, 1, 1],
  [
    { x: 0, y: 0 },
    { x: 0, y: 60 },
  ],
);
const opened = laid(
  [0, 1, 2],
  [
    { x: 50, y: 0 },
    { x: 10, y: 60 },
    { x: 90, y: 120 },
  ],
);

test("a node that is held, or what is nearest to the middle, is found again when blocks open", () => {
  const middle = { x: 0, y: 5 };
  expect(anchorOf(closed, opened, 2, middle)).toEqual({ from: { x: 0, y: 60 }, to: { x: 90, y: 120 } });
  expect(anchorOf(closed, opened, null, middle)).toEqual({ from: { x: 0, y: 0 }, to: { x: 50, y: 0 } });
  expect(anchorOf(closed, laid([0], [{ x: 0, y: 0 }]), null, middle)).toBeNull();
});
