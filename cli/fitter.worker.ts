import { type MessagePort, parentPort } from "node:worker_threads";
import type { BlocksToFit, FittedBlocks } from "../src/engine/model/fitting.ts";
import { fitBlocks } from "../src/engine/numerics/blockScales.ts";

/** What is asked of the thread, and what it answers, by the number of the question. */
export interface Asked {
  readonly id: number;
  readonly blocks: BlocksToFit;
}
export interface Answered {
  readonly id: number;
  readonly found: FittedBlocks;
}

const port = parentPort as MessagePort;
port.on("message", ({ id, blocks }: Asked) => {
  const found = fitBlocks(blocks);
  port.postMessage({ id, found } satisfies Answered, [found.scales.buffer as ArrayBuffer]);
});
