import { describe, expect, it } from "vitest";
import type { Dataset } from "../model/dataset.ts";
import { InputError, type JobContext, type Progress } from "../model/job.ts";
import type { Session } from "../model/runtime.ts";
import type { TensorMap } from "../model/tensor.ts";
import { noise } from "../onnx/testing/build.ts";
import { type Observation, observe } from "./calibrate.ts";

const WATCH = ["x", "y"];
const feedsOf = (index: number): TensorMap => new Map([["x", noise([64], index + 1)]]);

/** y = 1 / x, where x is 0 an infinity; counts its runs. */
function session(): Session & { runs: number } {
  return {
    runs: 0,
    inputs: [],
    outputs: [{ name: "y", type: "float32", dims: [64] }],
    lastRunTime: 0,
    async run(feeds, fetches) {
      this.runs++;
      expect(fetches).toEqual(["y"]);
      const x = feeds.get("x")?.data as Float32Array;
      return new Map([["y", { type: "float32", dims: [64], data: x.map((value) => 1 / value) }]]);
    },
    dispose: async () => undefined,
  };
}

function dataset(length: number, special: Readonly<Record<number, () => TensorMap>> = {}): Dataset {
  return {
    length,
    sources: Array.from({ length }, (_, i) => `${i}.png`),
    labels: null,
    notices: [],
    get: async (index) => ({ source: `${index}.png`, feeds: special[index]?.() ?? feedsOf(index) }),
  };
}

const corrupt = () => {
  throw new InputError("5.png is damaged.");
};
const withZero = (): TensorMap =>
  new Map([["x", { type: "float32", dims: [3], data: Float32Array.of(0, Number.NaN, 2) }]]);

const quiet = (
  signal = new AbortController().signal,
  report: (progress: Progress) => void = () => undefined,
): JobContext => ({
  signal,
  report,
});
const run = (data: Dataset, samples: number, resume: Observation | null = null, context = quiet(), on = session()) =>
  observe(on, WATCH, data, samples, resume, context, () => undefined);

describe("observe", () => {
  it("sees inputs and outputs of the first samples only", async () => {
    const { statistics, observed } = await run(dataset(9), 4);
    expect(observed).toEqual([0, 1, 2, 3]);
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

  it("passes on any other failure", async () => {
    const broken = dataset(2, {
      1: () => {
        throw new TypeError("a bug");
      },
    });
    await expect(run(broken, 2)).rejects.toThrow(TypeError);
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
      const on = session();
      const resumed = await run(data, 12, structuredClone(await run(data, stop)), quiet(), on);
      expect(resumed).toEqual(whole);
      expect(on.runs).toBe(whole.observed.filter((index) => index >= stop).length);
    }
  });

  it("stops between samples when cancelled", async () => {
    const controller = new AbortController();
    const on = session();
    const context = quiet(controller.signal, ({ done }) => {
      if (done === 3) controller.abort();
    });
    await expect(run(dataset(9), 9, null, context, on)).rejects.toThrow(/abort/i);
    expect(on.runs).toBe(4);
  });

  it("reports progress up to the samples there are", async () => {
    const seen: Progress[] = [];
    await run(
      dataset(3),
      100,
      null,
      quiet(undefined, (progress) => seen.push(progress)),
    );
    expect(seen.map(({ done, total }) => `${done}/${total}`)).toEqual(["0/3", "1/3", "2/3", "3/3"]);
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
});
