import { describe, expect, it } from "vitest";
import type { Dataset } from "../model/dataset.ts";
import { InputError, type JobContext, type Progress } from "../model/job.ts";
import type { Session } from "../model/runtime.ts";
import type { Port, Tensor, TensorMap } from "../model/tensor.ts";
import { evaluateSessions } from "./evaluate.ts";
import { measureLatency } from "./latency.ts";

const tensor = (dims: readonly number[], values: readonly number[]): Tensor => ({
  type: "float32",
  dims,
  data: Float32Array.from(values),
});
const port = (name: string, dims: Port["dims"], type: Port["type"] = "float32"): Port => ({ name, dims, type });

type Compute = (x: Float32Array) => Readonly<Record<string, Tensor>>;

/** A session that computes in JavaScript and notes its runs in `log`. */
function session(compute: Compute, options: { name?: string; log?: string[]; inputs?: Port[]; times?: number[] } = {}) {
  const { name = "", log = [], inputs = [port("x", [1, 3])], times = [1] } = options;
  let runs = 0;
  return {
    inputs,
    outputs: Object.entries(compute(new Float32Array(3))).map(([output, { dims }]) => port(output, dims)),
    get lastRunTime() {
      return times[(runs - 1) % times.length]!;
    },
    async run(feeds: TensorMap) {
      log.push(name);
      runs++;
      return new Map(Object.entries(compute(feeds.get("x")!.data as Float32Array)));
    },
    dispose: async () => undefined,
  } satisfies Session;
}

const identity: Compute = (x) => ({ scores: tensor([1, 3], [...x]) });

function dataset(rows: readonly (readonly number[] | null)[], labels: Dataset["labels"] = null): Dataset {
  return {
    length: rows.length,
    sourceOf: (index) => `sample ${index}`,
    labels,
    notices: [],
    async get(index) {
      const row = rows[index];
      if (!row) throw new InputError(`sample ${index} is corrupt.`);
      return { source: `sample ${index}`, feeds: new Map([["x", tensor([1, 3], row)]]) };
    },
  };
}

const request = {
  skip: 0,
  samples: 100,
  limit: 0.01,
  bytes: { float: 400, quantized: 100 },
  runtime: "test",
  machine: "here",
  threads: 1,
};
const context: JobContext = { signal: new AbortController().signal, report: () => undefined };
const none = { agreement: null, sqnr: null, cosine: null, kl: null };
const evaluate = (float: Session, quantized: Session, data: Dataset, changes: Partial<typeof request> = {}) =>
  evaluateSessions(float, quantized, data, { ...request, ...changes }, context);

describe("evaluateSessions", () => {
  const rows = [
    [3, 1, 0],
    [0, 2, 1],
    [1, 0, 5],
  ];

  it("finds no loss between a model and itself", async () => {
    const result = await evaluate(session(identity), session(identity), dataset(rows, [0, 1, 2]));
    expect(result).toMatchObject({ samples: 3, labelled: 3, top1: { float: 1, quantized: 1, drop: 0 }, top5: null });
    expect(result.verdict).toEqual({ limit: 0.01, passed: true });
    expect(result.outputs).toEqual([
      { name: "scores", agreement: 1, sqnr: Infinity, parts: [], mse: 0, mae: 0, cosine: 1, kl: 0, nonFinite: 0 },
    ]);
  });

  it("measures a constant error exactly", async () => {
    const shifted = session((x) => ({ scores: tensor([1, 3], [x[0]! + 0.5, x[1]!, x[2]!]) }));
    const { outputs } = await evaluate(session(identity), shifted, dataset(rows));
    const energy = rows.flat().reduce((sum, x) => sum + x * x, 0);
    expect(outputs[0]).toMatchObject({ mse: 0.25 / 3, mae: 0.5 / 3, agreement: 1 });
    expect(outputs[0]!.sqnr).toBeCloseTo(10 * Math.log10(energy / (3 * 0.25)), 10);
  });

  it("judges the samples asked for, and only labelled ones for accuracy", async () => {
    const swapped = session((x) => ({ scores: tensor([1, 3], [x[1]!, x[0]!, x[2]!]) }));
    const result = await evaluate(session(identity), swapped, dataset([...rows, ...rows], [0, 1, 2, 0, null, 2]), {
      skip: 3,
      samples: 3,
    });
    expect(result).toMatchObject({ samples: 3, labelled: 2, top1: { float: 1, quantized: 0.5 } });
    expect(result.outputs[0]!.agreement).toBeCloseTo(1 / 3);
    expect(result.verdict?.passed).toBe(false);
  });

  it("says of which class what is right, and of what the float model is how sure", async () => {
    const swapped = session((x) => ({ scores: tensor([1, 3], [x[1]!, x[0]!, x[2]!]) }));
    const data = { ...dataset(rows, [0, 1, 1]), classNames: new Map([[0, "cat"]]) };
    const { byClass, byConfidence } = await evaluate(session(identity), swapped, data);
    expect(byClass).toEqual([
      { class: 0, name: "cat", samples: 1, float: 1, quantized: 0 },
      { class: 1, name: null, samples: 2, float: 1, quantized: 0 },
    ]);
    const sure = [3, 2, 5].map((score, row) => Math.exp(score) / rows[row]!.reduce((sum, x) => sum + Math.exp(x), 0));
    expect(sure.map((share) => share.toFixed(2))).toEqual(["0.84", "0.67", "0.98"]);
    expect(byConfidence).toEqual([
      { from: 0.5, to: 0.9, samples: 2, float: 2, quantized: 0, same: 0 },
      { from: 0.9, to: 0.99, samples: 1, float: 0, quantized: 0, same: 1 },
    ]);
    const unlabelled = await evaluate(session(identity), swapped, dataset(rows));
    expect(unlabelled).not.toHaveProperty("byClass");
  });

  it("judges each row of a batch", async () => {
    const pairs: Compute = ([a, b, c]) => ({ scores: tensor([2, 3], [a!, b!, c!, b!, a!, c!]) });
    const others: Compute = ([a, b, c]) => ({ scores: tensor([2, 3], [a!, b!, c!, a!, b!, c!]) });
    const labels = [[0, 1], [1, null], null];
    const result = await evaluate(session(pairs), session(others), dataset(rows, labels));
    expect(result).toMatchObject({ samples: 3, labelled: 3, top1: { float: 1 } });
    expect(result.top1!.drop).toBeCloseTo(1 / 3);
  });

  it("passes a drop that equals the limit", async () => {
    const swapped = session((x) => ({ scores: tensor([1, 3], [x[1]!, x[0]!, x[2]!]) }));
    const data = dataset(
      [...rows, ...rows, ...rows, [9, 0, 8]],
      [2, 1, 2, 2, 2, 2, 2, 2, 2, 0].map((label) => label),
    );
    const result = await evaluate(session(identity), swapped, data);
    expect(result.top1?.drop).toBeCloseTo(0.2);
    const again = await evaluate(session(identity), swapped, data, { limit: result.top1!.drop });
    expect(again.verdict?.passed).toBe(true);
  });

  it("leaves out and names samples that cannot be read", async () => {
    const result = await evaluate(session(identity), session(identity), dataset([null, ...rows], [0, 0, 1, 2]));
    expect(result).toMatchObject({ samples: 3, labelled: 3 });
    expect(result.notices).toEqual([
      { kind: "warning", subject: "sample 0", message: "Skipped: sample 0 is corrupt." },
    ]);
    await expect(evaluate(session(identity), session(identity), dataset([null]))).rejects.toThrow(
      "Not one of the 1 samples could be read; Skipped: sample 0 is corrupt.",
    );
  });

  it("has no accuracy without class scores, whatever the labels", async () => {
    const boxes = session((x) => ({ boxes: tensor([1, 2, 3], [...x, ...x]), length: tensor([1, 1], [x[0]!]) }));
    const { outputs, top1, verdict } = await evaluate(boxes, boxes, dataset(rows, [0, 1, 2]));
    expect(outputs).toMatchObject([
      { name: "boxes", agreement: 1, kl: 0 },
      { name: "length", agreement: null, kl: null },
    ]);
    expect([top1, verdict]).toEqual([null, null]);
  });

  it("warns of an output with values that are not finite, by name and count", async () => {
    const broken = session((x) => ({ scores: tensor([1, 3], x[0] === 3 ? [Number.NaN, x[1]!, Infinity] : [...x]) }));
    const result = await evaluate(session(identity), broken, dataset(rows));
    expect(result.outputs[0]).toMatchObject({ nonFinite: 2, agreement: 1, kl: 0, mse: 0 });
    expect(result.notices).toEqual([
      { kind: "warning", subject: "scores", message: expect.stringMatching(/^The output scores has 2 values /) },
    ]);
  });

  it("takes KL of probabilities as they are, not of their softmax", async () => {
    const sure = session(() => ({ p: tensor([1, 2, 2], [0.5, 0.5, 1, 0]) }));
    const unsure = session(() => ({ p: tensor([1, 2, 2], [0.9, 0.1, 1, 0]) }));
    const { outputs } = await evaluate(sure, unsure, dataset(rows.slice(0, 1)));
    expect(outputs[0]!.kl).toBeCloseTo((0.5 * Math.log(0.5 / 0.9) + 0.5 * Math.log(0.5 / 0.1)) / 2, 6);
  });

  it("refuses models with other inputs, outputs or sizes", async () => {
    const float = session(identity);
    const refused = (other: Session) => evaluate(float, other, dataset(rows));
    await expect(refused(session(identity, { inputs: [port("y", [1, 3])] }))).rejects.toThrow(
      "it takes y (float32 1 × 3), and the float one x (float32 1 × 3)",
    );
    await expect(refused(session(identity, { inputs: [port("x", [1, 4])] }))).rejects.toThrow(InputError);
    await expect(refused(session(identity, { inputs: [port("x", [1, 3], "uint8")] }))).rejects.toThrow(InputError);
    await expect(refused(session((x) => ({ other: tensor([1, 3], [...x]) })))).rejects.toThrow(
      "it has no output scores, only other",
    );
    await expect(refused(session(() => ({ scores: tensor([1, 2], [1, 2]) })))).rejects.toThrow(
      "scores has 3 values in the float model and 2 in the quantized one",
    );
    const open = session(identity, { inputs: [port("x", ["batch", 3])] });
    expect((await refused(open)).samples).toBe(3);
  });

  it("stops when it is cancelled", async () => {
    const controller = new AbortController();
    const report = ({ done }: Progress) => {
      if (done === 1) controller.abort();
    };
    const log: string[] = [];
    const float = session(identity, { log, name: "float" });
    const job = evaluateSessions(float, session(identity), dataset(rows), request, {
      signal: controller.signal,
      report,
    });
    await expect(job).rejects.toThrow(/abort/i);
    expect(log.length).toBeLessThanOrEqual(2);
  });
});

describe("an output that says nothing in the float model", () => {
  const rows = [
    [3, 1, 0],
    [0, 2, 1],
    [1, 0, 5],
  ];
  const kept = (name: string, values: (x: Float32Array) => readonly number[]) =>
    session((x) => ({ [name]: tensor([1, 3], values(x)) }));

  it.each([
    ["zero", () => [0, 0, 0], /^The output scores is zero everywhere in all 3 samples judged, .*mask of 0/],
    ["negative zero", () => [-0, 0, -0], /is zero everywhere/],
    ["one value", () => [0.25, 0.25, 0.25], /^The output scores is 0\.250 everywhere in all 3 samples judged, /],
    [
      "the same in every sample",
      () => [2, 1, 0],
      /^The output scores is equal in all 3 samples judged, .*samples differ/,
    ],
    ["NaN", () => [NaN, Infinity, NaN], /^The output scores has no finite value in all 3 samples judged, /],
  ] as const)(
    "%s gets no agreement, SQNR, accuracy or verdict, and a warning first of all",
    async (_, values, said) => {
      const float = kept("scores", () => values());
      const near = kept("scores", () => values().map((value) => value + 0.001));
      for (const quantized of [float, near, session(identity)]) {
        const result = await evaluate(float, quantized, dataset(rows, [0, 1, 0]));
        expect(result.outputs[0]).toMatchObject({ name: "scores", ...none });
        expect(result).toMatchObject({ labelled: 3, top1: null, top5: null, verdict: null });
        expect(result.notices[0]).toEqual({ kind: "warning", subject: "scores", message: expect.stringMatching(said) });
        expect(result.notices.filter(({ subject }) => subject === "scores")).toHaveLength(1);
      }
    },
  );

  it("is judged by the samples asked for alone", async () => {
    const data = dataset([
      [1, 2, 3],
      [0, 0, 0],
      [0, 0, 0],
      [4, 2, 0],
    ]);
    const part = (skip: number, samples: number) =>
      evaluate(session(identity), session(identity), data, { skip, samples });
    expect((await part(1, 2)).outputs[0]).toMatchObject(none);
    expect((await part(0, 2)).outputs[0]).toMatchObject({ agreement: 1, sqnr: Infinity });
  });

  it("is not said to be equal in every sample of one", async () => {
    const steady = kept("scores", () => [2, 1, 0]);
    const one = await evaluate(steady, steady, dataset([[1, 2, 3]], [0]));
    expect(one).toMatchObject({
      top1: { float: 1 },
      verdict: { passed: true },
      outputs: [{ agreement: 1 }],
      notices: [],
    });
    const scalar = session(() => ({ y: tensor([1, 1], [7]) }));
    expect((await evaluate(scalar, scalar, dataset([[1, 2, 3]]))).outputs[0]).toMatchObject({ sqnr: Infinity });
    const dead = session(() => ({ y: tensor([1, 1], [0]) }));
    const { notices } = await evaluate(dead, dead, dataset([[1, 2, 3]]));
    expect(notices[0]?.message).toMatch(/^The output y is zero everywhere in the one sample judged, /);
  });

  it("leaves the figures of other outputs as they are", async () => {
    const two = session((x) => ({ anchors: tensor([1, 3, 2], [1, 2, 3, 4, 5, 6]), scores: tensor([1, 3], [...x]) }));
    const { outputs, verdict, notices } = await evaluate(two, two, dataset(rows, [0, 1, 2]));
    expect(outputs).toMatchObject([none, { agreement: 1, sqnr: Infinity }]);
    expect(verdict).toEqual({ limit: 0.01, passed: true });
    expect(notices.map(({ subject }) => subject)).toEqual(["anchors"]);
  });

  it("is not what the quantized model alone makes of it", async () => {
    const flat = kept("scores", () => [0, 0, 0]);
    const result = await evaluate(session(identity), flat, dataset(rows, [0, 1, 2]));
    expect(result.outputs[0]).toMatchObject({ agreement: 1 / 3, sqnr: 0, cosine: 0 });
    expect(result.verdict).toEqual({ limit: 0.01, passed: false });
    const broken = kept("scores", () => [NaN, NaN, NaN]);
    const nothing = await evaluate(session(identity), broken, dataset(rows, [0, 1, 2]));
    expect(nothing.outputs[0]).toMatchObject({ ...none, nonFinite: 9 });
    expect(nothing.verdict).toEqual({ limit: 0.01, passed: false });
    expect(nothing.notices[0]?.message).toMatch(/9 values that .* NaN or infinite; no other is left/);
  });

  it("is told from one whose answer is always the same, of which a note says so and figures are given", async () => {
    const cats = Array.from({ length: 10 }, (_, i) => [0, 5 + i, 1]);
    const same = await evaluate(
      session(identity),
      session(identity),
      dataset(
        cats,
        cats.map(() => 1),
      ),
    );
    expect(same).toMatchObject({ verdict: { passed: true }, outputs: [{ agreement: 1, sqnr: Infinity }] });
    expect(same.notices).toEqual([
      { kind: "info", subject: "scores", message: expect.stringMatching(/at the same place \(1\) in all 10 rows/) },
    ]);
    const other = [...cats.slice(1), [9, 0, 0]];
    expect((await evaluate(session(identity), session(identity), dataset(other))).notices).toEqual([]);
    expect((await evaluate(session(identity), session(identity), dataset(cats.slice(1)))).notices).toEqual([]);
  });
});

describe("what stands against a result comes first of its notices", () => {
  const rows = [
    [3, 1, 0],
    [0, 2, 1],
    [1, 0, 5],
  ];
  const slow = (ms: number) => session(identity, { times: [ms] });

  it("a larger file, a slower model and outputs below 10 dB, each in a sentence with the way out", async () => {
    const swapped = session((x) => ({ scores: tensor([1, 3], [x[1]!, x[2]!, x[0]!]) }), { times: [3] });
    const data = dataset([null, ...rows]);
    const { notices } = await evaluate(slow(2), swapped, data, { bytes: { float: 1000, quantized: 1200 }, threads: 4 });
    expect(notices).toEqual([
      {
        kind: "warning",
        subject: "file size",
        message: expect.stringMatching(/larger than the float one, 1\.20 kB against 1\.00 kB; keep the float model/),
      },
      {
        kind: "warning",
        subject: "latency",
        message: expect.stringMatching(
          /slower than the float one here, p50 3\.00 ms against 2\.00 ms \(100 runs each, 4 threads, test, here\); .*octet evaluate.*--goal speed/,
        ),
      },
      {
        kind: "warning",
        subject: "scores",
        message: expect.stringMatching(/^The output scores has an SQNR of .* dB, below 10 dB: .*Culprits tab/),
      },
      expect.objectContaining({ message: "Skipped: sample 0 is corrupt." }),
    ]);
  });

  it("and nothing is said within what medians differ by, at 10 dB, and of a file of the same size", async () => {
    const tenth = session(
      (x) => ({
        scores: tensor(
          [1, 3],
          [...x].map((value) => value * (1 + 0.31)),
        ),
      }),
      { times: [2.2] },
    );
    const equal = { bytes: { float: 100, quantized: 100 } };
    const { outputs, notices } = await evaluate(slow(2), tenth, dataset(rows), equal);
    expect(outputs[0]!.sqnr).toBeGreaterThan(10);
    expect(outputs[0]!.sqnr).toBeLessThan(10.3);
    expect(notices).toEqual([]);
  });
});

describe("measureLatency", () => {
  it("runs both in turn, warms up first, and reports the quantiles of the timed runs", async () => {
    const log: string[] = [];
    const float = session(identity, { log, name: "float", times: [4] });
    const quantized = session(identity, { log, name: "quantized", times: [1, 2, 3, 100] });
    const feeds = new Map([["x", tensor([1, 3], [1, 2, 3])]]);
    const result = await measureLatency(float, quantized, feeds, context);
    expect(log.every((name, i) => name === (i % 2 === 0 ? "float" : "quantized"))).toBe(true);
    expect(result.runs).toBe(100);
    expect(log.length / 2).toBe(150);
    expect(result.float).toEqual({ p50: 4, p95: 4, p99: 4 });
    expect(result.quantized).toEqual({ p50: 2.5, p95: 100, p99: 100 });
  });
});
