import { expose } from "comlink";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { BlockLearner, BlockProblem } from "../src/engine/model/finetuning.ts";
import { InputError } from "../src/engine/model/job.ts";
import type { Learner, RoundingProblem } from "../src/engine/model/rounding.ts";
import { withLearner } from "./learner.ts";
import type { LearnerApi, LearningBackend } from "./learner.worker.ts";

/** What became of each worker, by its backend. */
let ended: LearningBackend[];
/** Backends that do not start, and those whose worker dies while it learns. */
let broken: LearningBackend[];
let dying: LearningBackend[];
let aborted: number;
let released: Map<string, () => void>;

/** A worker of `learner.worker.ts` without tfjs. */
function fakeWorker(_url: URL, { name }: { readonly name: string }) {
  const { port1, port2 } = new MessageChannel();
  let backend: LearningBackend;
  let stop: (reason: Error) => void = () => undefined;
  /** Answers when it is asked for one iteration; longer ones have to be ended. */
  function once<T>(iterations: number, answer: T): Promise<T> {
    if (dying.includes(backend)) released.get(name)?.();
    return new Promise((resolve, reject) => {
      stop = reject;
      if (iterations === 1) resolve(answer);
    });
  }
  const api: LearnerApi = {
    async open(wanted) {
      backend = wanted;
      if (broken.includes(wanted)) throw new Error(`${wanted} does not start`);
      return `tfjs, ${wanted}`;
    },
    begin: async () => undefined,
    add: async () => undefined,
    hold: async () => undefined,
    products: async () => {
      const none = new Float32Array();
      return { gram: none, noise: none, cross: none, drift: none, power: none, means: null };
    },
    learn: (iterations) =>
      once(iterations, { up: Uint8Array.of(1), shift: null, changed: 1, nearest: 1, learned: 0, curve: [] }),
    beginBlock: async () => undefined,
    tune: (steps, held) => once(steps, { layers: [], before: held, after: 0, curve: [] }),
    async abort() {
      aborted++;
      stop(new DOMException("It was cancelled.", "AbortError"));
    },
    dispose: async () => undefined,
  };
  expose(api, port2);
  port2.postMessage("octet-alive");
  port1.start();
  const terminate = () => {
    ended.push(backend);
    released.get(name)?.();
    port1.close();
  };
  return Object.assign(port1, { terminate });
}

beforeEach(() => {
  [ended, broken, dying, aborted, released] = [[], [], [], 0, new Map()];
  const requestAdapter = async () => ({ info: { isFallbackAdapter: false } });
  const request = async (name: string, work: () => void) => void released.set(name, work);
  vi.stubGlobal("Worker", function Worker(url: URL, options: { readonly name: string }) {
    return fakeWorker(url, options);
  });
  vi.stubGlobal("navigator", { gpu: { requestAdapter }, locks: { request } });
});
afterEach(() => vi.unstubAllGlobals());

const { signal } = new AbortController();
const learn = async (learner: Learner, iterations = 1, until: AbortSignal = signal) =>
  (await learner.begin({} as RoundingProblem)).learn(iterations, until, () => undefined);
const tune = async (learner: BlockLearner, steps = 1, until: AbortSignal = signal) =>
  (await learner.beginBlock({} as BlockProblem)).tune(steps, 3, until, () => undefined);

test.each(["webgpu", "webgl"] as const)(
  "work whose worker dies on %s is begun once more in WASM, and goes on from what it kept",
  async (backend) => {
    broken = backend === "webgl" ? ["webgpu"] : [];
    dying = [backend];
    let done = 0;
    const began: [string, number][] = [];
    const result = await withLearner(signal, async (learner) => {
      began.push([learner.label, done]);
      done ||= 2;
      return learn(learner);
    });
    expect(result).toMatchObject({ changed: 1, learned: 0 });
    expect(began).toEqual([
      [`tfjs, ${backend}`, 0],
      ["tfjs, wasm", 2],
    ]);
    expect(ended).toEqual([...broken, backend, "wasm"]);
  },
);

test("blocks are tuned as rounding is learned: once more in WASM where the worker dies, and ended where it is cancelled", async () => {
  dying = ["webgpu"];
  expect(await withLearner(signal, (learner) => tune(learner))).toMatchObject({ before: 3, after: 0 });
  expect(ended).toEqual(["webgpu", "wasm"]);
  dying = [];
  const controller = new AbortController();
  const tuned = withLearner(controller.signal, (learner) => {
    setTimeout(() => controller.abort(), 20);
    return tune(learner, 1000, controller.signal);
  });
  await expect(tuned).rejects.toMatchObject({ name: "AbortError" });
  expect(aborted).toBe(1);
});

test("a worker that dies in WASM too ends the work", async () => {
  dying = ["webgpu", "wasm"];
  await expect(withLearner(signal, (learner) => learn(learner))).rejects.toMatchObject({ name: "WorkerDied" });
  expect(ended).toEqual(["webgpu", "wasm"]);
});

test("backends that do not start are passed over", async () => {
  broken = ["webgpu", "webgl", "wasm"];
  expect(await withLearner(signal, async ({ label }) => label)).toBe("tfjs, cpu");
  expect(ended).toEqual(["webgpu", "webgl", "wasm", "cpu"]);
});

test("where none starts, the last one says why", async () => {
  broken = ["webgpu", "webgl", "wasm", "cpu"];
  await expect(withLearner(signal, (learner) => learn(learner))).rejects.toThrow("cpu does not start");
});

test.each([null, { info: { isFallbackAdapter: true } }])(
  "an adapter like %j leaves WebGPU untried",
  async (adapter) => {
    vi.stubGlobal("navigator", { ...navigator, gpu: { requestAdapter: async () => adapter } });
    expect(await withLearner(signal, async ({ label }) => label)).toBe("tfjs, webgl");
    expect(ended).toEqual(["webgl"]);
  },
);

test("bad input is not tried again", async () => {
  const work = vi.fn(async () => {
    throw new InputError("There is nothing to learn.");
  });
  await expect(withLearner(signal, work)).rejects.toThrow("nothing to learn");
  expect(work).toHaveBeenCalledTimes(1);
});

test("cancelling ends what is being learned, and what has not begun, and nothing is begun once more", async () => {
  const controller = new AbortController();
  const first = withLearner(controller.signal, (learner) => {
    const learned = learn(learner, 1000, controller.signal);
    setTimeout(() => controller.abort(), 20);
    return learned;
  });
  await expect(first).rejects.toMatchObject({ name: "AbortError" });
  expect([aborted, ended]).toEqual([1, ["webgpu"]]);
  const later = withLearner(controller.signal, (learner) => learn(learner, 1000, controller.signal));
  await expect(later).rejects.toMatchObject({ name: "AbortError" });
  expect(ended).toEqual(["webgpu", "webgpu"]);
});
