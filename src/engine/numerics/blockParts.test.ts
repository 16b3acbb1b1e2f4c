import { expect, test } from "vitest";
import type { BlocksToFit, FittedBlocks, Fitter } from "../model/fitting.ts";
import { WorkerDied } from "../model/runtime.ts";
import { leastErrorBlocksBeside } from "./blockParts.ts";
import { fitBlocks, leastErrorBlocks } from "./blockScales.ts";
import { blockLayout } from "./blocks.ts";

const signal = new AbortController().signal;
const noise = (count: number) =>
  Float32Array.from({ length: count }, (_, i) => (i % 777 < 40 ? 0 : Math.sin(i * i) * (1 + (i % 13))));
const readerOf = (values: Float32Array) => (target: Float32Array, from: number) =>
  target.set(values.subarray(from, from + target.length));

/** One that answers later, on what was handed over. */
function threadOf(
  answer: (blocks: BlocksToFit) => FittedBlocks = fitBlocks,
): Fitter & { readonly asked: BlocksToFit[] } {
  const asked: BlocksToFit[] = [];
  return {
    asked,
    async fit(blocks) {
      const given = structuredClone(blocks, { transfer: [blocks.values.buffer as ArrayBuffer] });
      asked.push(given);
      await new Promise((resolve) => setTimeout(resolve));
      return answer(given);
    },
  };
}

const CASES = [
  { dims: [2100, 1040], axis: 1, size: 32, weighted: true },
  { dims: [2100, 1040], axis: 0, size: 32, weighted: true },
  { dims: [1050, 2090], axis: 0, size: 256, weighted: false },
  { dims: [3, 1030, 700], axis: 1, size: 16, weighted: true },
  { dims: [2_200_010, 1], axis: 0, size: 64, weighted: false },
] as const;

test.each(CASES)("scales found in parts on several threads are those of one, to the bit: %j", async (each) => {
  const { dims, axis, size, weighted } = each;
  const values = noise(dims.reduce<number>((product, dim) => product * dim, 1));
  const layout = blockLayout(dims, axis, size);
  const importance = weighted ? Float32Array.from({ length: layout.length }, (_, k) => 0.1 + (k % 37)) : null;
  for (const type of ["uint4", "int4", "uint2"] as const) {
    const threads = [threadOf(), threadOf()];
    const found = await leastErrorBlocksBeside(readerOf(values), layout, { type, importance }, threads, signal);
    expect(found).toEqual(leastErrorBlocks(values, layout, type, importance));
    expect(threads.every(({ asked }) => asked.length > 0)).toBe(true);
  }
});

test("what a thread that dies had is done where it was asked, and any other failure is one", async () => {
  const values = noise(4_000_000);
  const layout = blockLayout([2000, 2000], 1, 32);
  const failing = (error: Error): Fitter => ({ fit: () => Promise.reject(error) });
  const choices = { type: "uint4", importance: null } as const;
  const dying = failing(new WorkerDied("gone"));
  const found = await leastErrorBlocksBeside(readerOf(values), layout, choices, [dying, threadOf()], signal);
  expect(found).toEqual(leastErrorBlocks(values, layout, "uint4", null));
  const broken = failing(new RangeError("broken"));
  await expect(leastErrorBlocksBeside(readerOf(values), layout, choices, [broken], signal)).rejects.toThrow("broken");
});

test("nothing more is asked once it is cancelled", async () => {
  const values = noise(6_000_000);
  const layout = blockLayout([3000, 2000], 1, 32);
  const abort = new AbortController();
  const thread = threadOf((blocks) => {
    abort.abort();
    return fitBlocks(blocks);
  });
  const found = leastErrorBlocksBeside(
    readerOf(values),
    layout,
    { type: "uint4", importance: null },
    [thread],
    abort.signal,
  );
  await expect(found).rejects.toThrow(expect.objectContaining({ name: "AbortError" }));
  expect(thread.asked.length).toBeLessThan(4);
});
