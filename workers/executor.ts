import { type Remote, releaseProxy, wrap } from "comlink";
import { unpackStatistics } from "../src/engine/calibration/packedStatistics.ts";
import { Lifetime } from "../src/engine/model/lifetime.ts";
import { type ObserverSession, type Runtime, type Session, WorkerDied } from "../src/engine/model/runtime.ts";
import type { ExecutorApi } from "./executor.worker.ts";
import { lockReleased, notLoaded } from "./lifeline.ts";
import { sharesMemory } from "./sharedMemory.ts";

interface Executor {
  readonly worker: Worker;
  readonly api: Remote<ExecutorApi>;
  readonly life: Lifetime;
  /** Resolves when the worker has ended. */
  readonly death: Promise<void>;
  sessions: number;
}

const LINGER_MS = 5000;
/** What a module can address. */
const WASM_BYTES = 2 ** 32;
const ENDED = "ONNX Runtime's worker ended, perhaps for want of memory";

/**
 * ONNX Runtime in workers of its own, one for each number of threads and, of those that observe side by side, each
 * place, because a WASM module's threads are fixed when it starts and its memory never shrinks: a worker ends soon after
 * its last session. A run whose worker dies is rejected with WorkerDied. `freeBytes` are what sessions may take.
 */
export function executorRuntime(freeBytes = WASM_BYTES): Runtime {
  const executors = new Map<string, Executor>();
  let label = "onnxruntime-web, WASM SIMD";
  const end = (key: string, executor: Executor) => {
    if (executors.get(key) !== executor) return;
    executors.delete(key);
    executor.life.end(new WorkerDied(ENDED));
    executor.api[releaseProxy]();
    executor.worker.terminate();
  };
  const leave = (key: string, executor: Executor) => {
    executor.sessions--;
    setTimeout(() => {
      if (executor.sessions === 0) end(key, executor);
    }, LINGER_MS);
  };
  /** Creates something in the executor of a place, which stays until it is left. */
  const create = async <T extends { readonly label: string }>(
    place: number,
    threads: number,
    question: (api: Remote<ExecutorApi>) => Promise<T>,
  ) => {
    const key = `${place}/${threads}`;
    const executor = executors.get(key) ?? spawn();
    executors.set(key, executor);
    void executor.death.then(() => end(key, executor));
    executor.sessions++;
    try {
      const created = await ask(executor, question);
      label = created.label;
      return { executor, created, leave: () => leave(key, executor) };
    } catch (error) {
      leave(key, executor);
      throw error;
    }
  };
  return {
    get label() {
      return label;
    },
    provider: "wasm",
    maxThreads: sharesMemory() ? Math.min(navigator.hardwareConcurrency, 8) : 1,
    maxWorkers: navigator.hardwareConcurrency,
    freeBytes: () => freeBytes,
    async createSession(model, { threads, optimize = true, profile = false }) {
      const made = await create(0, threads, (api) => api.createSession(model, threads, optimize, profile));
      const { executor, created } = made;
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
        ...(profile && { nodeTimes: () => ask(executor, (api) => api.nodeTimes(created.id)) }),
        async dispose() {
          await ask(executor, (api) => api.disposeSession(created.id)).catch(() => undefined);
          made.leave();
        },
      } satisfies Session;
    },
    async createObserver(pieces, plan, { worker, threads }) {
      const made = await create(worker, threads, (api) => api.createObserver(pieces, plan, threads));
      const { executor, created } = made;
      let lastRunTime = Number.NaN;
      return {
        get lastRunTime() {
          return lastRunTime;
        },
        async observe(feeds, samples) {
          lastRunTime = await ask(executor, (api) => api.observe(created.id, feeds, samples));
        },
        take: async () => unpackStatistics(await ask(executor, (api) => api.take(created.id))),
        async dispose() {
          await ask(executor, (api) => api.disposeObserver(created.id)).catch(() => undefined);
          made.leave();
        },
      } satisfies ObserverSession;
    },
  };
}

function ask<T>({ api, life }: Executor, question: (api: Remote<ExecutorApi>) => Promise<T>): Promise<T> {
  return life.within(() => question(api));
}

function spawn(): Executor {
  const name = `octet-executor-${crypto.randomUUID()}`;
  const worker = new Worker(new URL("./executor.worker.ts", import.meta.url), { type: "module", name });
  const life = new Lifetime();
  const death = lockReleased(worker, name).then((ending) => {
    life.end(ending === "unloaded" ? notLoaded("ONNX Runtime") : new WorkerDied(ENDED));
  });
  return { worker, api: wrap<ExecutorApi>(worker), life, death, sessions: 0 };
}
