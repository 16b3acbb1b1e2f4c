import { expect, it } from "vitest";
import { WorkerDied } from "../src/engine/model/runtime.ts";
import { fitBlocks } from "../src/engine/numerics/blockScales.ts";
import { startFitter } from "./fitters.ts";

const blocks = () => ({
  values: Float32Array.from({ length: 4096 }, (_, i) => Math.sin(i * i)),
  layout: { outer: 4, length: 1024, inner: 1, size: 32 },
  type: "uint4" as const,
  importance: Float64Array.from({ length: 1024 }, (_, k) => 1 + (k % 3)),
});

it("a thread finds what is found here, and one that has ended says so", async () => {
  const thread = startFitter();
  try {
    const [first, second] = [blocks(), blocks()];
    const found = await Promise.all([thread.fit(first), thread.fit(second)]);
    expect(found).toEqual([fitBlocks(blocks()), fitBlocks(blocks())]);
    expect(first.values).toHaveLength(0);
  } finally {
    await thread.end();
  }
  await expect(thread.fit(blocks())).rejects.toThrow(WorkerDied);
});
