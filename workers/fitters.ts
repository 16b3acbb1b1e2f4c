import { releaseProxy, transfer, wrap } from "comlink";
import type { Fitter, WithFitters } from "../src/engine/model/fitting.ts";
import { Lifetime } from "../src/engine/model/lifetime.ts";
import { WorkerDied } from "../src/engine/model/runtime.ts";
import type { FitterApi } from "./fitter.worker.ts";
import { lockReleased } from "./lifeline.ts";

/** Beside the worker that asks: a tab has less memory than a terminal. */
const MOST = 3;

/** Workers for the cores that the one that asks leaves free. */
export const withFitters: WithFitters = async (work) => {
  const count = Math.min(navigator.hardwareConcurrency - 1, MOST);
  const workers = Array.from({ length: count }, startFitter);
  try {
    return await work(workers);
  } finally {
    for (const { end } of workers) end();
  }
};

function startFitter(): Fitter & { end(): void } {
  const name = `octet-fitter-${crypto.randomUUID()}`;
  const worker = new Worker(new URL("./fitter.worker.ts", import.meta.url), { type: "module", name });
  const api = wrap<FitterApi>(worker);
  const life = new Lifetime();
  // One that could not be loaded is as one that died: what it was to do is done where it was asked.
  void lockReleased(worker, name).then(() => life.end(new WorkerDied("A worker that finds scales ended")));
  return {
    fit: (blocks) => life.within(() => api.fit(transfer(blocks, [blocks.values.buffer as ArrayBuffer]))),
    end() {
      api[releaseProxy]();
      worker.terminate();
    },
  };
}
