import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { Dataset } from "../model/dataset.ts";
import { InputError, type JobContext, type Progress } from "../model/job.ts";
import { WorkerDied } from "../model/runtime.ts";
import type { TensorMap } from "../model/tensor.ts";
import { noise } from "../onnx/testing/build.ts";
import { Calibrator, type Crew, type Observation } from "./calibrate.ts";
import { fakeSession } from "./testing/sessions.ts";

const WATCH = ["x", "y"];
const feedsOf = (index: number): TensorMap => new Map([["x", noise([1, 64], index + 1)]]);

function dataset(length: number, special: Readonly<Record<number, () => TensorMap>> = {}): Dataset {
  return {
    length,
    sourceOf: (index) => `${index}.png`,
    labels: null,
    notices: [],
    get: async (index) => ({ source: `${index}.png`, feeds: special[index]?.() ?? feedsOf(index) }),
  };
}

const corrupt = () => {
  throw new InputError("5.png is damaged.");
};
const withZero = (): TensorMap =>
  new Map([["x", { type: "float32", dims: [1, 3], data: Float32Array.of(0, Number.NaN, 2) }]]);

const quiet = (
  signal = new AbortController().signal,
  report: (progress: Progress) => void = () => undefined,
): JobContext => ({
  signal,
  report,
});

function crewOf(sessions: Crew["sessions"], batch = 1): Crew {
  return { sessions, runtime: { runtime: "fake", provider: "cpu" }, threads: 1, batch };
}

async function run(
  data: Dataset,
  samples: number,
  resume: Observation | null = null,
  context = quiet(),
  crew = crewOf([fakeSession()]),
  checkpoint: (state: Observation) => void = () => undefined,
): Promise<Observation> {
  const calibrator = new Calibrator({ watch: WATCH, dataset: data, samples, resume, context, checkpoint });
  await calibrator.run(crew);
  return calibrator.result();
}

afterEach(() => {
  vi.restoreAllMocks();
});

describe("Calibrator", () => {
  it("sees inputs and outputs of the first samples only", async () => {
    const { statistics, observed, executors } = await run(dataset(9), 4);
    expect(observed).toEqual([0, 1, 2, 3]);
    expect(executors).toEqual([{ runtime: "fake", provider: "cpu", workers: 1, threads: 1, batch: 1, samples: 4 }]);
    for (const name of WATCH) {
      expect(statistics.get(name)?.finite).toBe(4 * 64);
      expect(statistics.get(name)?.samples.index).toEqual([0, 1, 2, 3]);
    }
    const inputs = [0, 1, 2, 3].flatMap((i) => Array.from(feedsOf(i).get("x")?.data ?? [], Number));
    expect(statistics.get("x")).toMatchObject({ min: Math.min(...inputs), max: Math.max(...inputs) });
  });

  it("skips samples that cannot be read, counts and names them", async () => {
    const { observed, skipped, notices } = await run(dataset(8, { 5: corrupt }), 8);
    expect(observed).toEqual([0, 1, 2, 3, 4, 6, 7]);
    expect(skipped).toEqual([5]);
    expect(notices).toEqual([{ kind: "warning", subject: "5.png", message: "Skipped: 5.png is damaged." }]);
  });

  it("passes on any other failure, with what was observed before at the checkpoint", async () => {
    const broken = dataset(3, {
      2: () => {
        throw new TypeError("a bug");
      },
    });
    const states: Observation[] = [];
    const job = run(broken, 3, null, quiet(), crewOf([fakeSession()]), (state) => states.push(state));
    await expect(job).rejects.toThrow(TypeError);
    expect(states.at(-1)?.observed).toEqual([0, 1]);
  });

  it("says so when no sample can be read", async () => {
    await expect(run(dataset(2, { 0: corrupt, 1: corrupt }), 2)).rejects.toThrow(/Not one of the 2 samples.*damaged/);
  });

  it("reports NaN and infinities by tensor and keeps them out of the statistics", async () => {
    const { statistics, notices } = await run(dataset(2, { 1: withZero }), 2);
    expect(statistics.get("x")).toMatchObject({ nan: 1, positiveInfinity: 0, finite: 66, max: 2 });
    expect(statistics.get("y")).toMatchObject({ nan: 1, positiveInfinity: 1, finite: 65 });
    expect(notices.map(({ subject }) => subject)).toEqual(["x", "y"]);
    expect(notices[1]?.message).toContain("1 NaN and 1 infinite");
  });

  it("continues to exactly what an uninterrupted run gives", async () => {
    const data = dataset(12, { 2: withZero, 3: corrupt, 9: corrupt, 10: withZero });
    const whole = await run(data, 12);
    for (const stop of [1, 3, 4, 8, 11, 12]) {
      const on = fakeSession();
      const resumed = await run(data, 12, structuredClone(await run(data, stop)), quiet(), crewOf([on]));
      expect(resumed).toEqual(whole);
      expect(on.asked.flat()).toEqual(whole.observed.filter((index) => index >= stop));
    }
  });

  it("stops between samples when cancelled, and keeps what was observed", async () => {
    const controller = new AbortController();
    const on = fakeSession();
    const states: Observation[] = [];
    const context = quiet(controller.signal, ({ done }) => {
      if (done === 3) controller.abort();
    });
    const job = run(dataset(9), 9, null, context, crewOf([on]), (state) => states.push(state));
    await expect(job).rejects.toThrow(/abort/i);
    expect(on.asked.flat()).toEqual([0, 1, 2]);
    expect(states.at(-1)?.observed).toEqual([0, 1, 2]);
  });

  it("reports progress up to the samples there are", async () => {
    const seen: Progress[] = [];
    await run(
      dataset(3),
      100,
      null,
      quiet(undefined, (progress) => seen.push(progress)),
    );
    const steps = [...new Set(seen.map(({ done, total }) => `${done}/${total}`))];
    expect(steps).toEqual(["0/3", "1/3", "2/3", "3/3"]);
  });

  it("holds a batch for each session and one more, however many samples there are", async () => {
    let held = 0;
    let most = 0;
    const counting: Dataset = {
      ...dataset(60),
      async get(index) {
        most = Math.max(most, ++held);
        return { source: "", feeds: feedsOf(index) };
      },
    };
    const sessions = [0, 1, 2].map(() => {
      const session = fakeSession({ turns: () => 3 });
      const { observe } = session;
      return Object.assign(session, {
        async observe(this: typeof session, feeds: TensorMap, samples: readonly number[]) {
          await observe.call(this, feeds, samples);
          held -= samples.length;
        },
      });
    });
    await run(counting, 60, null, quiet(), crewOf(sessions, 4));
    expect(most).toBe(4 * (3 + 1));
  });

  it("checks in every few seconds with what all sessions saw by then", async () => {
    let now = 0;
    vi.spyOn(performance, "now").mockImplementation(() => {
      now += 100;
      return now;
    });
    const states: Observation[] = [];
    const crew = crewOf([fakeSession({ turns: () => 1 }), fakeSession({ turns: () => 2 })]);
    await run(dataset(300), 300, null, quiet(), crew, (state) => states.push(state));
    expect(states.length).toBeGreaterThan(3);
    for (const { observed, statistics } of states) expect(statistics.get("x")?.samples.index).toEqual(observed);
    expect(new Set(states.map(({ observed }) => observed.length)).size).toBe(states.length);
  });

  it("checks in as well where each session's runs take longer than that, one after the other", async () => {
    let now = 0;
    vi.spyOn(performance, "now").mockImplementation(() => {
      now += 5000;
      return now;
    });
    const states: Observation[] = [];
    const observes = (call: number) => (call % 2 === 0 ? 4 : 0);
    const later = (call: number) => (call === 0 ? 2 : observes(call));
    const crew = crewOf([fakeSession({ turns: observes }), fakeSession({ turns: later })]);
    await run(dataset(20), 20, null, quiet(), crew, (state) => states.push(state));
    expect(states.length).toBeGreaterThan(3);
  });

  it("keeps two numbers a sample and nothing else that grows", async () => {
    const same = dataset(300, {});
    const repeated: Dataset = { ...same, get: async (index) => ({ source: "", feeds: feedsOf(index % 5) }) };
    const size = ({ statistics }: Observation) =>
      WATCH.map((name) => (statistics.get(name)?.octaves ?? []).reduce((sum, { counts }) => sum + counts.length, 0));
    const [few, many] = [await run(repeated, 5), await run(repeated, 300)];
    expect(size(many)).toEqual(size(few));
    expect(many.statistics.get("x")?.samples.min).toHaveLength(300);
  });

  it("comes to the same whichever session sees a sample, however often workers die and the job is stopped", async () => {
    const length = 14;
    let now = 0;
    vi.spyOn(performance, "now").mockImplementation(() => {
      now += 900;
      return now;
    });
    const corrupted = fc.uniqueArray(fc.nat({ max: length - 1 }), { maxLength: 5 });
    const session = fc.record({
      turns: fc.array(fc.nat({ max: 4 }), { minLength: 1, maxLength: 5 }),
      dies: fc.option(fc.nat({ max: 14 })),
    });
    const attempt = fc.record({
      sessions: fc.array(session, { minLength: 1, maxLength: 4 }),
      batch: fc.integer({ min: 1, max: 5 }),
      stop: fc.option(fc.nat({ max: length })),
    });
    await fc.assert(
      fc.asyncProperty(corrupted, fc.array(attempt, { maxLength: 5 }), async (bad, attempts) => {
        const data = dataset(length, Object.fromEntries(bad.map((index) => [index, corrupt])));
        const whole = await run(data, length);
        let state: Observation | null = null;
        for (const { sessions, batch, stop } of [
          ...attempts,
          { sessions: [{ turns: [0], dies: null }], batch: 3, stop: null },
        ]) {
          const controller = new AbortController();
          const context = quiet(controller.signal, ({ done }) => {
            if (stop !== null && done >= stop) controller.abort();
          });
          const crew = crewOf(
            sessions.map(({ turns, dies }) =>
              fakeSession({
                turns: (call) => turns[call % turns.length]!,
                failure: (call) => (dies !== null && call >= dies ? new WorkerDied("it ended") : null),
              }),
            ),
            batch,
          );
          const keep = (checkpoint: Observation) => {
            state = structuredClone(checkpoint);
          };
          state = await run(data, length, state, context, crew, keep).catch((error: Error) => {
            if (!(error instanceof WorkerDied || error.name === "AbortError")) throw error;
            return state;
          });
        }
        const { executors, notices, ...seen } = state as unknown as Observation;
        expect(executors.reduce((sum, { samples }) => sum + samples, 0)).toBe(whole.observed.length);
        expect(notices.filter(({ kind }) => kind === "warning")).toEqual(whole.notices);
        const { statistics, observed, skipped } = whole;
        expect(isDeepStrictEqual(seen, { statistics, observed, skipped })).toBe(true);
      }),
      { numRuns: 60 },
    );
  });

  it("asks no session again that failed: what it holds was given to others", async () => {
    const failing = fakeSession({ failure: (call) => (call === 3 ? new WorkerDied("it ended") : null) });
    const crew = crewOf([failing, fakeSession({ turns: () => 1 })]);
    const data = dataset(40);
    const calibrator = new Calibrator({
      ...{ watch: WATCH, dataset: data, samples: 40, resume: null, context: quiet() },
      checkpoint: () => undefined,
    });
    await calibrator.run(crew, 5);
    await calibrator.run(crew);
    const { statistics, observed } = calibrator.result();
    const whole = await run(data, 40);
    expect(
      isDeepStrictEqual({ statistics, observed }, { statistics: whole.statistics, observed: whole.observed }),
    ).toBe(true);
    await expect(calibrator.run(crewOf([failing]))).rejects.toThrow(WorkerDied);
  });

  it("passes on what a session throws that is no death, after taking what the others hold", async () => {
    const states: Observation[] = [];
    const failing = fakeSession({ failure: (call) => (call === 2 ? new Error("out of memory") : null) });
    const crew = crewOf([failing, fakeSession({ turns: () => 1 })]);
    const job = run(dataset(30), 30, null, quiet(), crew, (state) => states.push(state));
    await expect(job).rejects.toThrow("out of memory");
    const kept = states.at(-1)!;
    expect(kept.observed.length).toBeGreaterThan(0);
    // What it saw first it has handed over.
    const [, ...held] = failing.asked.flat();
    expect(held.filter((index) => kept.observed.includes(index))).toEqual([]);
  });

  it("hands over what it saw after the first batch", async () => {
    const states: Observation[] = [];
    await run(dataset(6), 6, null, quiet(), crewOf([fakeSession()], 2), (state) => states.push(state));
    expect(states[0]?.observed).toEqual([0, 1]);
  });

  it("hands it over after every batch while the page is being left, and waits until that is kept", async () => {
    const sessions = [fakeSession({ turns: () => 1 }), fakeSession({ turns: () => 1 })];
    const seen = () => sessions.flatMap(({ asked }) => asked.flat());
    const unkept: number[] = [];
    const calibrator = new Calibrator({
      ...{ watch: WATCH, dataset: dataset(40), samples: 40, resume: null, context: quiet() },
      checkpoint: async ({ observed }) => {
        await new Promise((resolve) => setTimeout(resolve, 1));
        unkept.push(seen().length - observed.length);
      },
      isLeaving: () => true,
    });
    await calibrator.run(crewOf(sessions, 2));
    expect(unkept.length).toBeGreaterThan(5);
    // At most the batch that each of them is in.
    expect(Math.max(...unkept)).toBeLessThanOrEqual(4);
  });

  it("hands over what sessions at rest hold as well, while the page is being left", async () => {
    const [first, second] = [fakeSession(), fakeSession({ turns: () => 1 })];
    const states: Observation[] = [];
    let isLeaving = false;
    const calibrator = new Calibrator({
      ...{ watch: WATCH, dataset: dataset(40), samples: 40, resume: null, context: quiet() },
      checkpoint: (state) => states.push(state),
      isLeaving: () => isLeaving,
    });
    await calibrator.run(crewOf([first]), 10);
    isLeaving = true;
    states.length = 0;
    await calibrator.run(crewOf([second]), 1);
    expect(states.map(({ observed }) => observed)).toEqual([Array.from({ length: 11 }, (_, i) => i)]);
    await calibrator.run(crewOf([first, second]));
    const { statistics, executors } = calibrator.result();
    expect(isDeepStrictEqual(statistics, (await run(dataset(40), 40)).statistics)).toBe(true);
    expect(executors.reduce((sum, { samples }) => sum + samples, 0)).toBe(40);
  });

  it("hands over every batch to the last while the page is being left, where one session has ended before the other", async () => {
    const quick = fakeSession();
    const slow = fakeSession({ turns: () => 400 });
    const unkept: number[] = [];
    const calibrator = new Calibrator({
      ...{ watch: WATCH, dataset: dataset(30), samples: 30, resume: null, context: quiet() },
      checkpoint: ({ observed }) => unkept.push(30 - observed.length),
      isLeaving: () => true,
    });
    await calibrator.run(crewOf([quick, slow]));
    expect(slow.asked.flat().length).toBeGreaterThan(0);
    expect(unkept.at(-1)).toBe(0);
  });
});
