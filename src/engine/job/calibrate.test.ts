import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { isDeepStrictEqual } from "node:util";
import { afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { nodeDecoders } from "../../../cli/decoders.ts";
import { openObserving } from "../calibration/observing.ts";
import { diskFile } from "../data/testing/files.ts";
import { AUTOMATIC, type Calibration, type Execution } from "../model/calibration.ts";
import {
  type Accelerator,
  AcceleratorLost,
  type ModelFile,
  type ObservationPlan,
  type ObserverSession,
  type Runtime,
  type Runtimes,
  WorkerDied,
} from "../model/runtime.ts";
import { nodeRuntime } from "../runtime/node.ts";
import { calibrate } from "./calibrate.ts";
import { type OpenDataset, openData } from "./data.ts";
import { defaultRecipe, type OpenModel, openModel } from "./open.ts";
import { exportValid } from "./testing/exported.ts";

const SAMPLES = 60;
const sample = (name: string) => fileURLToPath(new URL(`../../../public/sample/${name}`, import.meta.url));
const { preprocess } = JSON.parse(readFileSync(sample("project.json"), "utf8"));
const native = nodeRuntime();
const context = { signal: new AbortController().signal, report: () => undefined };

let model: OpenModel;
let data: OpenDataset;
let plain: Calibration;

async function open(shapes: Readonly<Record<string, readonly number[]>> = {}): Promise<OpenModel> {
  const bytes = new Uint8Array(readFileSync(sample("fashion-mnist-dw.onnx")));
  const source = { bytes, fileName: "fashion-mnist-dw.onnx", readBeside: async () => null };
  return openModel(source, { shapes, values: {} }, native, context);
}

function run(runtimes: Runtimes, execution: Partial<Execution> = {}, on = model): Promise<Calibration> {
  const request = {
    samples: SAMPLES,
    preprocess: data.preprocess,
    resume: null,
    execution: { ...AUTOMATIC, ...execution },
    checkpoint: () => undefined,
  };
  return calibrate(on, data, request, runtimes, context);
}

beforeAll(async () => {
  model = await open();
  const files = ["calibration-images-idx3-ubyte.gz"].map((name) => diskFile(sample(name), name));
  data = await openData(model, files, preprocess, nodeDecoders);
  plain = await run({ main: native, accelerator: null }, { workers: 1, threads: 1, batch: 1 });
});

afterEach(() => {
  vi.restoreAllMocks();
});

it("does not go on from what was observed of other tensors, as another version of Octet prepared the model", async () => {
  const [, name] = [...plain.statistics.keys()];
  const resume = {
    ...plain,
    observed: plain.observed.slice(0, 20),
    statistics: new Map([...plain.statistics].filter(([tensor]) => tensor !== name)),
  };
  const request = { samples: SAMPLES, preprocess: data.preprocess, resume, checkpoint: () => undefined };
  const again = await calibrate(model, data, request, { main: native, accelerator: null }, context);
  expect(again.statistics).toEqual(plain.statistics);
  expect(again.observed).toHaveLength(SAMPLES);
  expect(again.notices).toContainEqual({
    kind: "info",
    subject: name,
    message: `The calibration to continue holds nothing about tensor ${name}, so all samples were observed from the first.`,
  });
});

/** Lets every look at the clock take a while, so that what is done every few seconds is done every few samples. */
function slowClock(milliseconds: number): void {
  let now = 0;
  vi.spyOn(performance, "now").mockImplementation(() => {
    now += milliseconds;
    return now;
  });
}

interface Watched {
  open: number;
  opened: number;
  /** What a run takes while so many are open; 1 ms where it is absent. */
  readonly milliseconds?: (open: number) => number;
}

/** Observers of the native runtime, each of which fails from the call on that `fails` tells by its number. */
async function observer(
  pieces: readonly ModelFile[],
  plan: ObservationPlan,
  watched: Watched,
  failure: (observer: number, call: number) => Error | null = () => null,
): Promise<ObserverSession> {
  const session = await openObserving(native, pieces, plan, 1);
  const number = watched.opened++;
  watched.open++;
  let call = 0;
  return {
    get lastRunTime() {
      return watched.milliseconds?.(watched.open) ?? 1;
    },
    async observe(feeds, samples) {
      const error = failure(number, call++);
      if (error) throw error;
      await session.observe(feeds, samples);
    },
    take: () => session.take(),
    async dispose() {
      watched.open--;
      await session.dispose();
    },
  };
}

function workersOf(watched: Watched, failure?: (observer: number, call: number) => Error | null): Runtime {
  return {
    ...native,
    maxWorkers: 3,
    createObserver: (pieces, plan) => observer(pieces, plan, watched, failure),
  };
}

function acceleratorOf(watched: Watched, failure?: (observer: number, call: number) => Error | null): Accelerator {
  return {
    label: "a device",
    provider: "webgpu",
    software: false,
    createObserver: (file, plan) => observer([file], plan, watched, failure),
    end: () => undefined,
  };
}

/** Element for element; vitest's own comparison takes seconds. */
function expectAlike(made: Calibration, wanted: Calibration): void {
  expect(made.observed).toEqual(wanted.observed);
  expect([...made.statistics.keys()]).toEqual([...wanted.statistics.keys()]);
  expect(isDeepStrictEqual(made.statistics, wanted.statistics)).toBe(true);
}

const counted = ({ executors }: Calibration) => executors.map(({ provider, samples }) => [provider, samples]);

it("counts what is folded away in every eighth sample, and says which names the TensorRT cache lacks without one", async () => {
  const runtimes = { main: native, accelerator: null };
  const request = { preprocess: data.preprocess, resume: null, checkpoint: () => undefined };
  const exported = (calibration: Calibration) => {
    const job = { recipe: defaultRecipe(model), calibration, evaluation: null, date: "" };
    const { files, notices } = exportValid(model, job);
    const cache = files.find(({ name }) => name.endsWith(".trt.cache"))!.chunks[0];
    const lines = new TextDecoder().decode(cache).trimEnd().split("\n").slice(1);
    return { names: lines.map((line) => line.split(": ")[0]), notices };
  };
  const all = await calibrate(model, data, { ...request, samples: 9 }, runtimes, context);
  const folded = new Set(model.folded.graph!.node.flatMap(({ output }) => output));
  const away = [...all.statistics].filter(([name]) => !folded.has(name) && name !== model.open[0]!.name);
  expect(away.length).toBeGreaterThan(5);
  for (const [name, { samples }] of away) expect(samples.index, name).toEqual([0, 8]);
  expect(exported(all).names).toEqual([...all.statistics.keys()]);

  const none = exported(await calibrate(model, data, { ...request, skip: 1, samples: 5 }, runtimes, context));
  const lacks = away.map(([name]) => name);
  expect([...all.statistics.keys()].filter((name) => !none.names.includes(name))).toEqual(lacks);
  const said = none.notices.filter(({ message }) => message.includes("fashion-mnist-dw.trt.cache has no line for"));
  expect(said.map(({ subject }) => subject)).toEqual(lacks);
});

describe("calibrating on several workers", () => {
  it("comes to what one comes to, records them, and closes them", async () => {
    const watched = { open: 0, opened: 0 };
    const made = await run({ main: workersOf(watched), accelerator: null }, { workers: 3, threads: 1, batch: 1 });
    expectAlike(made, plain);
    expect(made.executors).toEqual([
      { runtime: native.label, provider: "cpu", workers: 3, threads: 1, batch: 1, samples: SAMPLES },
    ]);
    expect(watched).toEqual({ open: 0, opened: 3 });
  });

  it("goes on without a worker that dies, and says so", async () => {
    const watched = { open: 0, opened: 0 };
    const died = (number: number, call: number) => (number === 1 && call >= 4 ? new WorkerDied("It ended") : null);
    const main = workersOf(watched, died);
    const made = await run({ main, accelerator: null }, { workers: 2, threads: 1, batch: 1 });
    expectAlike(made, plain);
    expect(made.notices.map(({ message }) => message)).toEqual(["It ended; other workers ran its samples again."]);
    expect(watched.open).toBe(0);
  });

  it("tries as many as there are cores on samples that count, and keeps them where they gain", async () => {
    slowClock(0);
    for (const [milliseconds, workers] of [
      [() => 1, 3],
      [(open: number) => open, 1],
    ] as const) {
      const watched = { open: 0, opened: 0, milliseconds };
      const made = await run({ main: workersOf(watched), accelerator: null }, { batch: 1 });
      expectAlike(made, plain);
      expect(made.executors.map((executor) => [executor.workers, executor.samples])).toEqual([[workers, SAMPLES]]);
      expect([watched.open, watched.opened]).toEqual([0, 3]);
    }
  });

  it("does without further workers that cannot run what the first one can", async () => {
    slowClock(0);
    const watched = { open: 0, opened: 0 };
    const main = workersOf(watched, (number) => (number > 0 ? new Error("std::bad_alloc") : null));
    const made = await run({ main, accelerator: null });
    expect(watched).toEqual({ open: 0, opened: 3 });
    expectAlike(made, plain);
  });

  it("closes further workers where not all of them could be opened", async () => {
    slowClock(0);
    const watched = { open: 0, opened: 0 };
    const open: number[] = [];
    const note = () => {
      open.push(watched.open);
      return null;
    };
    const { createObserver, ...rest } = workersOf(watched, note);
    const failing: Runtime["createObserver"] = (pieces, plan, options) =>
      options.worker === 1 ? Promise.reject(new Error("std::bad_alloc")) : createObserver!(pieces, plan, options);
    const made = await run({ main: { ...rest, createObserver: failing }, accelerator: null }, { batch: 1 });
    expectAlike(made, plain);
    expect(watched).toEqual({ open: 0, opened: 2 });
    expect(open.at(-1)).toBe(1);
  });

  it("goes on with further workers where the first one dies beside them", async () => {
    slowClock(0);
    let asked = 0;
    const watched = { open: 0, opened: 0, milliseconds: (open: number) => open };
    const main = workersOf(watched, (number) => {
      if (number > 0) asked++;
      return number === 0 && asked > 0 ? new WorkerDied("It ended") : null;
    });
    const made = await run({ main: { ...main, maxWorkers: 2 }, accelerator: null }, { batch: 1 });
    expectAlike(made, plain);
    expect([watched.open, watched.opened]).toEqual([0, 2]);
  });

  it("names the model and the sample that it does not run on", async () => {
    const main = workersOf({ open: 0, opened: 0 }, (_, call) => (call === 2 ? new Error("bad shape") : null));
    await expect(run({ main, accelerator: null }, { workers: 1, threads: 1, batch: 1 })).rejects.toThrow(
      '"fashion-mnist-dw.onnx" does not run on calibration-images-idx3-ubyte.gz[2]: bad shape',
    );
  });

  it("joins samples as it is told, and says where it cannot", async () => {
    const runtimes = { main: native, accelerator: null };
    const joined = await run(runtimes, { threads: 1, batch: 7 });
    expect(joined.executors.map(({ batch, samples }) => [batch, samples])).toEqual([[7, SAMPLES]]);
    expect(joined.observed).toEqual(plain.observed);
    expect(plain.statistics.size).toBe(39);
    const folded = new Set(model.folded.graph!.node.flatMap(({ output }) => output));
    for (const [name, { finite, samples }] of plain.statistics) {
      const seen = joined.statistics.get(name)!;
      expect(seen.finite, name).toBe(finite);
      const seesAll = folded.has(name) || name === "image";
      expect(samples.index, name).toEqual(seesAll ? plain.observed : plain.observed.filter((i) => i % 8 === 0));
      expect(seen.samples.index, name).toEqual(samples.index);
      samples.max.forEach((value, i) => {
        expect(seen.samples.max[i]! - value, name).toBeCloseTo(0, 4);
      });
    }
    const single = await run(runtimes, { threads: 1, batch: 7 }, await open({ image: [1, 1, 28, 28] }));
    expect(single.executors.map(({ batch }) => batch)).toEqual([1]);
    expect(single.notices[0]?.message).toMatch(/one by one and not 7 at a time/);
  });
});

describe("calibrating on an accelerator", () => {
  it("leaves nothing to the main runtime while all goes well", async () => {
    const watched = { open: 0, opened: 0 };
    const accelerator = async () => acceleratorOf(watched);
    const made = await run({ main: workersOf({ open: 0, opened: 0 }), accelerator }, { provider: "webgpu", batch: 1 });
    expectAlike(made, plain);
    expect(counted(made)).toEqual([["webgpu", SAMPLES]]);
    expect(made.notices).toEqual([]);
    expect(watched.open).toBe(0);
  });

  it("goes on elsewhere when it is lost: no sample is missed or counted twice, and the reason is given", async () => {
    slowClock(700);
    const watched = { open: 0, opened: 0 };
    const lost = (_: number, call: number) => (call === 40 ? new AcceleratorLost("The device was lost.") : null);
    const made = await run(
      { main: native, accelerator: async () => acceleratorOf(watched, lost) },
      { provider: "webgpu", workers: 1, threads: 1, batch: 1 },
    );
    expectAlike(made, plain);
    const [[first, before], [second, after]] = counted(made) as [[string, number], [string, number]];
    expect([first, second]).toEqual(["webgpu", "cpu"]);
    expect(before).toBeGreaterThan(0);
    expect(before + after).toBe(SAMPLES);
    expect(made.notices.map(({ message }) => message)).toEqual([
      `The device was lost. The samples it had not handed over ran on ${native.label}.`,
    ]);
  });

  it("says why there is none, where it was asked for", async () => {
    const accelerator = () => Promise.reject(new AcceleratorLost("No adapter here."));
    const made = await run({ main: native, accelerator }, { provider: "webgpu", threads: 1, batch: 1 });
    expect(made.notices.map(({ message }) => message)).toEqual(["No adapter here."]);
    expect(counted(made)).toEqual([["cpu", SAMPLES]]);
  });

  it("is not waited for where the job is done before", async () => {
    const accelerator = vi.fn(async () => acceleratorOf({ open: 0, opened: 0 }));
    await run({ main: workersOf({ open: 0, opened: 0 }), accelerator }, { workers: 1, threads: 1, batch: 1 });
    expect(accelerator).not.toHaveBeenCalled();
  });
});
