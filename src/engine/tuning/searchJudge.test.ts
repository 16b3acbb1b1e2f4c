import { describe, expect, it } from "vitest";
import type { Dataset } from "../model/dataset.ts";
import { InputError, type JobContext } from "../model/job.ts";
import type { Session } from "../model/runtime.ts";
import { Judge } from "./searchJudge.ts";

const CONTEXT: JobContext = { signal: new AbortController().signal, report: () => undefined };

/** Three class scores; sample 3 cannot be read, sample 5 has no label. */
const DATASET: Dataset = {
  length: 8,
  sourceOf: (index) => `sample ${index}`,
  labels: [0, 1, 2, 0, 1, null, 0, 1],
  notices: [],
  get: async (index) => {
    if (index === 3) throw new InputError("a corrupt picture");
    return { source: `${index}`, feeds: new Map([["in", scores(index)]]) };
  },
};

function scores(index: number, added = 0) {
  const data = Float32Array.from([0, 1, 2], (place) => (place === index % 3 ? 10 : place) + added * place);
  return { type: "float32" as const, dims: [1, 3], data };
}

/** Gives the fed scores with an error, as one output or two. */
function sessionOf(error: number, second: number | null = null): Session & { readonly runs: () => number } {
  let runs = 0;
  const port = { name: "out", type: "float32" as const, dims: [1, 3] };
  return {
    inputs: [],
    outputs: [port],
    lastRunTime: 0,
    runs: () => runs,
    run: async (feeds) => {
      runs++;
      const { data } = feeds.get("in")!;
      const moved = (by: number) => ({
        type: "float32" as const,
        dims: [1, 3],
        data: Float32Array.from(data as Float32Array, (value, place) => value + by * place),
      });
      const outputs = new Map([["out", moved(error)]]);
      return second === null ? outputs : outputs.set("other", moved(second));
    },
    dispose: async () => undefined,
  };
}

describe("a judge", () => {
  it("runs the float model once a sample, however many models it judges, and leaves out what cannot be read", async () => {
    const float = sessionOf(0);
    const judge = await Judge.over(float, DATASET, [2, 7], CONTEXT);
    expect([judge.samples, judge.labelled]).toEqual([4, 3]);
    expect(await judge.judge(sessionOf(0), CONTEXT)).toMatchObject({ sqnr: Infinity, top1: { drop: 0 }, expected: 0 });
    const { sqnr, top1 } = await judge.judge(sessionOf(20), CONTEXT);
    expect(sqnr).toBeLessThan(10);
    expect(top1).toMatchObject({ float: 1, quantized: 1 / 3 });
    expect(float.runs()).toBe(4);
  });

  it("runs the float model again for samples whose outputs have no room, and judges the same", async () => {
    const float = sessionOf(0);
    const kept = await Judge.over(sessionOf(0), DATASET, [2, 7], CONTEXT);
    const judge = await Judge.over(float, DATASET, [2, 7], CONTEXT, 30);
    const before = float.runs();
    expect(await judge.judge(sessionOf(2), CONTEXT)).toEqual(await kept.judge(sessionOf(2), CONTEXT));
    expect(float.runs() - before).toBe(2);
  });

  it("goes by the output that is worst off", async () => {
    const judge = await Judge.over(sessionOf(0, 0), DATASET, [0, 3], CONTEXT);
    const worse = await judge.judge(sessionOf(0.5, 2), CONTEXT);
    const alike = await judge.judge(sessionOf(2, 2), CONTEXT);
    expect(worse.sqnr).toBe(alike.sqnr);
  });

  it("leaves out an output that says nothing in the float model, and refuses where none does", async () => {
    const flat = (session: Session, value: number): Session => ({
      ...session,
      run: async (feeds) => {
        const data = Float32Array.from([value, value, value]);
        return new Map([["flat", { type: "float32", dims: [1, 3], data }], ...(await session.run(feeds))]);
      },
    });
    const judge = await Judge.over(flat(sessionOf(0), 1), DATASET, [0, 3], CONTEXT);
    const { sqnr, top1, expected, notices } = await judge.judge(flat(sessionOf(0), 9), CONTEXT);
    expect([sqnr, top1, expected]).toEqual([Infinity, null, null]);
    expect(notices).toMatchObject([
      { subject: "flat", message: expect.stringMatching(/is 1\.00 everywhere in all 3/) },
    ]);
    const steady: Session = { ...sessionOf(0), run: async () => new Map([["out", scores(1)]]) };
    const nothing = await Judge.over(steady, DATASET, [0, 3], CONTEXT);
    await expect(nothing.judge(steady, CONTEXT)).rejects.toThrow(
      /^Nothing can be searched by\. The output out is equal in all 3 samples judged/,
    );
  });

  it("keeps no limit of SQNR with outputs that quantizing makes NaN", async () => {
    const broken: Session = {
      ...sessionOf(0),
      run: async () => new Map([["out", { type: "float32", dims: [1, 3], data: new Float32Array(3).fill(NaN) }]]),
    };
    const judge = await Judge.over(sessionOf(0), DATASET, [0, 3], CONTEXT);
    expect((await judge.judge(broken, CONTEXT)).sqnr).toBe(-Infinity);
  });

  it("refuses samples none of which can be read", async () => {
    await expect(Judge.over(sessionOf(0), DATASET, [3, 4], CONTEXT)).rejects.toThrow(
      "Not one of the 1 samples that judge could be read; the first: a corrupt picture",
    );
  });
});
