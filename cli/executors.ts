import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import { type Remote, releaseProxy, wrap } from "comlink";
import nodeEndpoint from "comlink/dist/esm/node-adapter.mjs";
import {
  type ModelFile,
  type ObservationPlan,
  type ObserverSession,
  type Runtime,
  WorkerDied,
} from "../src/engine/model/runtime.ts";
import { nodeRuntime } from "../src/engine/runtime/node.ts";
import type { ExecutorApi } from "./executor.worker.ts";

/**
 * ONNX Runtime's native build; it observes in threads of its own, since its `run` blocks the thread that calls it:
 * there images are decoded meanwhile.
 */
export function threadedRuntime(): Runtime {
  return {
    ...nodeRuntime(),
    maxWorkers: availableParallelism(),
    createObserver: (model, plan, { threads }) => openObserver(model, plan, threads),
  };
}

async function openObserver(model: ModelFile, plan: ObservationPlan, threads: number): Promise<ObserverSession> {
  const worker = new Worker(new URL("./executor.worker.mjs", import.meta.url));
  const died = new Promise<never>((_, reject) => {
    worker.on("error", (error) => reject(new WorkerDied(`A thread of ONNX Runtime failed (${error.message})`)));
    worker.on("exit", () => reject(new WorkerDied("A thread of ONNX Runtime ended")));
  });
  died.catch(() => undefined);
  const api = wrap<ExecutorApi>(nodeEndpoint(worker));
  const ask = <T>(question: (api: Remote<ExecutorApi>) => Promise<T>) => Promise.race([question(api), died]);
  const dispose = async () => {
    api[releaseProxy]();
    await worker.terminate();
  };
  let lastRunTime = Number.NaN;
  try {
    await Promise.race([new Promise((resolve) => worker.once("message", resolve)), died]);
    await ask((remote) => remote.open(model, plan, threads));
  } catch (error) {
    await dispose();
    throw error;
  }
  return {
    get lastRunTime() {
      return lastRunTime;
    },
    async observe(feeds, samples) {
      lastRunTime = await ask((remote) => remote.observe(feeds, samples));
    },
    take: () => ask((remote) => remote.take()),
    dispose,
  };
}
