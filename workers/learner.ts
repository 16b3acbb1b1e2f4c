import { proxy, type Remote, releaseProxy, wrap } from "comlink";
import type { BlockLearner, BlockProblem, BlockTask } from "../src/engine/model/finetuning.ts";
import { isForPeople } from "../src/engine/model/job.ts";
import { Lifetime } from "../src/engine/model/lifetime.ts";
import type { RoundingProblem, RoundingTask } from "../src/engine/model/rounding.ts";
import { WorkerDied } from "../src/engine/model/runtime.ts";
import type { LearnerApi, LearningBackend } from "./learner.worker.ts";
import { lockReleased, notLoaded } from "./lifeline.ts";

interface StartedLearner {
  readonly learner: BlockLearner;
  readonly backend: LearningBackend;
  /** Ends the worker, with all the memory it took. */
  end(): void;
}

const ON_PROCESSOR: readonly LearningBackend[] = ["wasm", "cpu"];

/**
 * Lets `work` learn with tfjs in a worker of its own: on WebGPU where the browser has an adapter that is none in software,
 * else with WebGL on such a renderer, else in WASM. Work that fails on WebGPU or WebGL is begun once more in WASM.
 */
export async function withLearner<T>(signal: AbortSignal, work: (learner: BlockLearner) => Promise<T>): Promise<T> {
  const onGpu: readonly LearningBackend[] = (await hasGpu()) ? ["webgpu", "webgl"] : ["webgl"];
  const first = await start([...onGpu, ...ON_PROCESSOR]);
  try {
    return await work(first.learner);
  } catch (error) {
    const isOver = signal.aborted || (error instanceof Error && isForPeople(error));
    if (isOver || ON_PROCESSOR.includes(first.backend)) throw error;
  } finally {
    first.end();
  }
  return withWasmLearner(work);
}

/** Lets `work` add up products with tfjs in WASM, in a worker of its own, as the terminal does: another device would round sums otherwise. */
export async function withWasmLearner<T>(work: (learner: BlockLearner) => Promise<T>): Promise<T> {
  const started = await start(ON_PROCESSOR);
  try {
    return await work(started.learner);
  } finally {
    started.end();
  }
}

async function start(backends: readonly LearningBackend[]): Promise<StartedLearner> {
  let failure: unknown;
  for (const backend of backends) {
    const started = spawn();
    try {
      return await started.open(backend);
    } catch (error) {
      started.end();
      failure = error;
    }
  }
  throw failure;
}

async function hasGpu(): Promise<boolean> {
  const adapter = await navigator.gpu?.requestAdapter({ powerPreference: "high-performance" });
  return adapter ? !adapter.info.isFallbackAdapter : false;
}

function spawn() {
  const name = `octet-learner-${crypto.randomUUID()}`;
  const worker = new Worker(new URL("./learner.worker.ts", import.meta.url), { type: "module", name });
  const api = wrap<LearnerApi>(worker);
  const life = new Lifetime();
  void lockReleased(worker, name).then((ending) =>
    life.end(
      ending === "unloaded"
        ? notLoaded("What learns rounding")
        : new WorkerDied("The worker that learns rounding ended, perhaps for want of memory"),
    ),
  );
  const ask = <T>(question: (remote: Remote<LearnerApi>) => Promise<T>) => life.within(() => question(api));
  const end = () => {
    api[releaseProxy]();
    worker.terminate();
  };
  return {
    end,
    async open(backend: LearningBackend): Promise<StartedLearner> {
      const label = await ask((remote) => remote.open(backend));
      const learner: BlockLearner = {
        label,
        begin: (problem) => begin(ask, problem),
        beginBlock: (problem) => beginBlock(ask, problem),
      };
      return { learner, backend, end };
    },
  };
}

type Ask = <T>(question: (remote: Remote<LearnerApi>) => Promise<T>) => Promise<T>;

async function begin(ask: Ask, problem: RoundingProblem): Promise<RoundingTask> {
  await ask((remote) => remote.begin(problem));
  return {
    add: (float, rounded) => ask((remote) => remote.add(float, rounded)),
    learn: (iterations, signal, onPoint) =>
      untilAborted(ask, signal, (remote) => remote.learn(iterations, proxy(onPoint))),
    hold: () => ask((remote) => remote.hold()),
    products: (of) => ask((remote) => remote.products(of)),
    dispose: () => ask((remote) => remote.dispose()),
  };
}

async function beginBlock(ask: Ask, problem: BlockProblem): Promise<BlockTask> {
  await ask((remote) => remote.beginBlock(problem));
  return {
    add: (input, output) => ask((remote) => remote.add(input, output)),
    tune: (steps, held, signal, onPoint) =>
      untilAborted(ask, signal, (remote) => remote.tune(steps, held, proxy(onPoint))),
    dispose: () => ask((remote) => remote.dispose()),
  };
}

async function untilAborted<T>(
  ask: Ask,
  signal: AbortSignal,
  learning: (remote: Remote<LearnerApi>) => Promise<T>,
): Promise<T> {
  signal.throwIfAborted();
  const abort = () => void ask((remote) => remote.abort()).catch(() => undefined);
  signal.addEventListener("abort", abort);
  try {
    return await ask(learning);
  } finally {
    signal.removeEventListener("abort", abort);
    signal.throwIfAborted();
  }
}
