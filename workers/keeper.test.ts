import { beforeEach, expect, test, vi } from "vitest";
import type { Calibration } from "../src/engine/model/calibration.ts";
import type { Recipe } from "../src/engine/model/recipe.ts";
import { Keeper } from "./keeper.ts";
import { putLeft } from "./leftCalibrations.ts";
import { Standing } from "./standing.ts";

vi.mock("./leftCalibrations.ts", () => ({ putLeft: vi.fn(async () => undefined) }));

const put = vi.mocked(putLeft);
const seen = (observed: number) =>
  ({ observed: Array.from({ length: observed }, (_, i) => i), skipped: [] }) as unknown as Calibration;
const never = () => new Promise<void>(() => undefined);

function keeping() {
  const standing = new SharedArrayBuffer(8);
  return { sha256: "ab", calibratedOn: "those", samples: 9, changed: ["statistics"], recipe: null, standing };
}

beforeEach(() => {
  put.mockClear();
});

test("the page keeps what it is told of, and says so", async () => {
  const given = keeping();
  const standing = new Standing(given.standing);
  const keeper = new Keeper(given, seen(3));
  expect([standing.seen, standing.stored]).toEqual([3, 3]);
  const watching = keeper.watching(() => undefined);
  watching({ task: "Starting ONNX Runtime", done: 0, total: 9, unit: "samples" });
  watching({ task: "Calibrating", done: 5, total: 9, unit: "samples" });
  expect([standing.seen, standing.stored]).toEqual([5, 3]);
  await keeper.keep(seen(5), async () => undefined);
  expect([standing.seen, standing.stored]).toEqual([5, 5]);
  await keeper.leave(true);
  expect(put).not.toHaveBeenCalled();
});

test("while the page is being left the worker stores what was seen itself, and waits for no page", async () => {
  const given = keeping();
  const standing = new Standing(given.standing);
  const keeper = new Keeper(given, null);
  keeper.watching(() => undefined)({ task: "Calibrating", done: 4, total: 9, unit: "samples" });
  const waiting = keeper.keep(seen(4), never);
  await keeper.leave(true);
  await waiting;
  expect(put.mock.calls[0]?.[0]).toMatchObject({ sha256: "ab", calibratedOn: "those", changed: ["statistics"] });
  expect(standing.stored).toBe(4);

  const tell = vi.fn(never);
  await keeper.keep(seen(6), tell);
  expect(tell).toHaveBeenCalledWith(seen(6));
  expect(standing.stored).toBe(6);
  await keeper.end(seen(9));
  expect(put.mock.calls.map(([{ calibration }]) => calibration.observed.length)).toEqual([4, 6, 9]);
});

test("what came to its end just before the page is left is stored, and nothing that is stored is stored again", async () => {
  const given = keeping();
  const standing = new Standing(given.standing);
  const keeper = new Keeper(given, null);
  keeper.watching(() => undefined)({ task: "Calibrating", done: 9, total: 9, unit: "samples" });
  await keeper.end(seen(9));
  expect(put).not.toHaveBeenCalled();
  await keeper.leave(true);
  expect(put).toHaveBeenCalledTimes(1);
  expect(standing.stored).toBe(9);
  await keeper.leave(false);
  await keeper.leave(true);
  expect(put).toHaveBeenCalledTimes(1);
});

test("what is stored on leaving is as old as its last sample: what the page stored since is not taken for older", async () => {
  vi.useFakeTimers({ now: 1000 });
  try {
    const keeper = new Keeper(keeping(), null);
    keeper.watching(() => undefined)({ task: "Calibrating", done: 9, total: 9, unit: "samples" });
    await keeper.end(seen(9));
    vi.setSystemTime(50_000);
    await keeper.leave(true);
    expect(put.mock.calls[0]?.[0]).toMatchObject({ seenAt: 1000 });
  } finally {
    vi.useRealTimers();
  }
});

test("a page that is not left after all is told again", async () => {
  const keeper = new Keeper(keeping(), null);
  await keeper.leave(true);
  await keeper.leave(false);
  const tell = vi.fn(async () => undefined);
  await keeper.keep(seen(2), tell);
  expect(tell).toHaveBeenCalledTimes(1);
});

test("where nothing can be stored, or another tab keeps the session, no page waits for it", async () => {
  put.mockRejectedValueOnce(new DOMException("full", "QuotaExceededError"));
  const given = keeping();
  const keeper = new Keeper(given, null);
  await keeper.leave(true);
  await keeper.keep(seen(2), never);
  expect(new Standing(given.standing).stored).toBe(2);

  const other = new Keeper(null, null);
  await other.leave(true);
  const tell = vi.fn(async () => undefined);
  await other.keep(seen(2), tell);
  expect(tell).toHaveBeenCalledTimes(1);
  expect(put).toHaveBeenCalledTimes(1);
});

test("what is to take the place of a complete calibration is stored with the recipe that it is for, to its end", async () => {
  const recipe = { seed: 3 } as Recipe;
  const keeper = new Keeper({ ...keeping(), recipe }, null);
  keeper.watching(() => undefined)({ task: "Calibrating", done: 4, total: 9, unit: "samples" });
  const waiting = keeper.keep(seen(4), never);
  await keeper.leave(true);
  await waiting;
  await keeper.end(seen(9));
  expect(put.mock.calls.map(([left]) => left.recipe)).toEqual([recipe, recipe]);
});

test("what is seen of a recipe that is being settled is stored with it", async () => {
  const keeper = new Keeper(keeping(), null);
  keeper.watching(() => undefined)({ task: "Calibrating", done: 4, total: 9, unit: "samples" });
  const recipe = { factors: {} } as Recipe;
  const waiting = keeper.keep(seen(4), never, recipe);
  await keeper.leave(true);
  await waiting;
  expect(put.mock.calls[0]?.[0]).toMatchObject({ calibratedOn: "those", samples: 9, calibration: seen(4), recipe });
});
