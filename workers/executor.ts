import { type Remote, releaseProxy, wrap } from "comlink";
import { type Runtime, type Session, WorkerDied } from "../src/engine/model/runtime.ts";
import type { ExecutorApi } from "./executor.worker.ts";
import { lockReleased } from "./lifeline.ts";

interface Executor {
  readonly worker: Worker;
  readonly api: Remote<ExecutorApi>;
  /** Rejects when the worker ends without being asked to. */
  readonly died: Promise<never>;
  alive: boolean;
  sessions: number;
}

const LINGER_MS = 5000;

/**
 * ONNX Runtime in workers of its own, one for each number of threads, because a WASM module's threads are fixed when
 * it starts and its memory never shrinks: a worker ends soon after its last session. A run whose worker dies is
 * rejected with WorkerDied.
 */
export function executorRuntime(): Runtime {
  const executors = new Map<number, Executor>();
  let label = "onnxruntime-web, WASM SIMD";
  const executorFor = (threads: number): Executor => {
    let executor = executors.get(threads);
    if (!executor) {
      executor = spawn();
      executors.set(threads, executor);
    }
    return executor;
  };
  const end = (threads: number, executor: Executor) => {
    if (executors.get(threads) !== executor) return;
    executors.delete(threads);
    executor.alive = false;
    executor.api[releaseProxy]();
    executor.worker.terminate();
  };
  const leave = (threads: number, executor: Executor) => {
    executor.sessions--;
    setTimeout(() => {
      if (executor.sessions === 0) end(threads, executor);
    }, LINGER_MS);
  };
  return {
    get label() {
      return label;
    },
    maxThreads: self.crossOriginIsolated ? Math.min(navigator.hardwareConcurrency, 8) : 1,
    async createSession(model, options) {
      const { threads, optimize = true } = options;
      const executor = executorFor(threads);
      executor.died.catch(() => end(threads, executor));
      executor.sessions++;
      try {
        const created = await ask(executor, (api) => api.createSession(model, threads, optimize));
        label = created.label;
        let lastRunTime = Number.NaN;
        return {
          inputs: created.inputs,
          outputs: created.outputs,
          get lastRunTime() {
            return lastRunTime;
          },
          async run(feeds, fetches) {
            const result = await ask(executor, (api) => api.run(created.id, feeds, fetches));
            lastRunTime = result.time;
            return result.outputs;
          },
          async dispose() {
            await ask(executor, (api) => api.disposeSession(created.id)).catch(() => undefined);
            leave(threads, executor);
          },
        } satisfies Session;
      } catch (error) {
        leave(threads, executor);
        throw error;
      }
    },
  };
}

function ask<T>({ alive, api, died }: Executor, question: (api: Remote<ExecutorApi>) => Promise<T>): Promise<T> {
  return alive ? Promise.race([question(api), died]) : died;
}

function spawn(): Executor {
  const name = `octet-executor-${crypto.randomUUID()}`;
  const worker = new Worker(new URL("./executor.worker.ts", import.meta.url), { type: "module", name });
  const died = lockReleased(worker, name).then(() => {
    throw new WorkerDied("ONNX Runtime's worker ended, perhaps for want of memory");
  });
  died.catch(() => undefined);
  return { worker, api: wrap<ExecutorApi>(worker), died, alive: true, sessions: 0 };
}
