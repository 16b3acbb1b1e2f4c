import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import { type Remote, releaseProxy, wrap } from "comlink";
import nodeEndpoint from "comlink/dist/esm/node-adapter.mjs";
import { Lifetime } from "../src/engine/model/lifetime.ts";
import {
  type ModelFile,
  type ObservationPlan,
  type ObserverSession,
  type Runtime,
  WorkerDied,
} from "../src/engine/model/runtime.ts";
import type { ExecutorApi } from "./executor.worker.ts";
import { handOver } from "./handedOver.ts";

interface Thread {
  readonly worker: Worker;
  readonly ready: Promise<void>;
  ask<T>(question: (api: Remote<ExecutorApi>) => Promise<T>): Promise<T>;
  /** Ends it. */
  end(): Promise<void>;
}

/** Threads started ahead: most models are observed on at least so many. */
const STARTED = 2;

/** Threads that were started ahead; none of them keeps the process alive. */
const idle: Thread[] = [];

/**
 * A runtime of Node that observes in threads of its own, since its `run` blocks the thread that calls it:
 * there images are decoded meanwhile. The first threads start at once, while a model is opened; a thread ends with its
 * observer, since only then its memory is given back.
 */
export function threadedRuntime(main: Runtime): Runtime {
  while (idle.length < Math.min(STARTED, availableParallelism())) idle.push(startThread());
  return {
    ...main,
    maxWorkers: availableParallelism(),
    createObserver: (pieces, plan, { threads }) => openObserver(main, pieces, plan, threads),
  };
}

function startThread(): Thread {
  const worker = new Worker(new URL("./executor.worker.mjs", import.meta.url));
  const life = new Lifetime();
  const started = new Promise<void>((resolve) => {
    worker.once("message", () => resolve());
  });
  worker.unref();
  const api = wrap<ExecutorApi>(nodeEndpoint(worker));
  const ready = life.within(() => started);
  ready.catch(() => undefined);
  const thread: Thread = {
    worker,
    ready,
    ask: (question) => life.within(() => question(api)),
    async end() {
      api[releaseProxy]();
      await worker.terminate();
    },
  };
  const died = (message: string) => {
    life.end(new WorkerDied(message));
    if (idle.includes(thread)) idle.splice(idle.indexOf(thread), 1);
  };
  worker.on("error", ({ message }) => died(`A thread of ONNX Runtime failed (${message})`));
  worker.on("exit", () => died("A thread of ONNX Runtime ended"));
  return thread;
}

async function openObserver(
  main: Runtime,
  pieces: readonly ModelFile[],
  plan: ObservationPlan,
  threads: number,
): Promise<ObserverSession> {
  const thread = idle.pop() ?? startThread();
  const { worker, ask } = thread;
  worker.ref();
  try {
    await thread.ready;
    const given = pieces.map((piece) => handOver(piece, main));
    await ask((remote) => remote.open(given, plan, threads));
    for (const { linked } of pieces) linked?.assertSame();
  } catch (error) {
    await thread.end();
    throw error;
  }
  let lastRunTime = Number.NaN;
  return {
    get lastRunTime() {
      return lastRunTime;
    },
    async observe(feeds, samples) {
      lastRunTime = await ask((remote) => remote.observe(feeds, samples));
    },
    take: () => ask((remote) => remote.take()),
    async dispose() {
      await ask((remote) => remote.close()).catch(() => undefined);
      await thread.end();
    },
  };
}
