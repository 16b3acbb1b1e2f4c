import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import type { BlocksToFit, FittedBlocks, Fitter, WithFitters } from "../src/engine/model/fitting.ts";
import { Lifetime } from "../src/engine/model/lifetime.ts";
import { WorkerDied } from "../src/engine/model/runtime.ts";
import type { Answered, Asked } from "./fitter.worker.ts";

/** Beside the one that asks; each takes some 30 MB of memory. */
const MOST = 7;

/** Threads for the cores that the one that asks leaves free. */
export const withFitters: WithFitters = async (work) => {
  const threads = Array.from({ length: Math.min(availableParallelism() - 1, MOST) }, startFitter);
  try {
    return await work(threads);
  } finally {
    await Promise.all(threads.map(({ end }) => end()));
  }
};

export function startFitter(): Fitter & { end(): Promise<unknown> } {
  const worker = new Worker(fileURLToPath(new URL("./fitter.worker.mjs", import.meta.url)), { execArgv: [] });
  const life = new Lifetime();
  const waiting = new Map<number, (found: FittedBlocks) => void>();
  const died = (how: string) => life.end(new WorkerDied(`A thread that finds scales ended (${how})`));
  worker.on("message", ({ id, found }: Answered) => {
    waiting.get(id)?.(found);
    waiting.delete(id);
  });
  worker.on("error", ({ message }: Error) => died(message));
  worker.on("exit", (code) => died(`exit code ${code}`));
  let asked = 0;
  return {
    fit: (blocks: BlocksToFit) =>
      life.within(
        () =>
          new Promise((resolve) => {
            const id = asked++;
            waiting.set(id, resolve);
            worker.postMessage({ id, blocks } satisfies Asked, [blocks.values.buffer as ArrayBuffer]);
          }),
      ),
    end: () => worker.terminate(),
  };
}
