import { expect, test, vi } from "vitest";
import type { JobContext } from "../model/job.ts";
import type { Session } from "../model/runtime.ts";
import type { Port, Tensor, TensorMap } from "../model/tensor.ts";
import { measureThroughput } from "./throughput.ts";

const context: JobContext = { signal: new AbortController().signal, report: () => undefined };
const tensor = (dims: readonly number[]): Tensor => ({
  type: "float32",
  dims,
  data: new Float32Array(dims.reduce((size, dim) => size * dim, 1)),
});
const one = new Map([["x", tensor([1, 3])]]);

/** A session whose runs take some milliseconds a sample, and that gives as many rows as it is given, or as `rows` says. */
function session(a: { perSample: number; dims?: Port["dims"]; rows?: (batch: number) => number; most?: number }) {
  const { perSample, dims = ["batch", 3], rows = (batch) => batch, most = Infinity } = a;
  const batches: number[] = [];
  let took = 0;
  const made = {
    inputs: [{ name: "x", type: "float32", dims }],
    outputs: [{ name: "y", type: "float32", dims }],
    get lastRunTime() {
      return took;
    },
    async run(feeds: TensorMap) {
      const batch = feeds.get("x")!.dims[0]!;
      if (batch > most) throw new Error("out of memory");
      batches.push(batch);
      took = perSample * batch;
      return new Map([["y", tensor([rows(batch), 3])]]);
    },
    dispose: async () => undefined,
  } satisfies Session;
  return {
    ...made,
    batches,
    get lastRunTime() {
      return took;
    },
  };
}

test("samples a second are told for every batch up to 64, both models in turn on the same samples", async () => {
  const [float, quantized] = [session({ perSample: 2 }), session({ perSample: 1 })];
  const measured = await measureThroughput(float, quantized, one, 1, context);
  expect(measured).toEqual([1, 2, 4, 8, 16, 32, 64].map((batch) => ({ batch, float: 500, quantized: 1000 })));
  expect(quantized.batches).toEqual(float.batches);
});

test("no run is begun that would take more than a second", async () => {
  const measured = await measureThroughput(session({ perSample: 100 }), session({ perSample: 1 }), one, 1, context);
  expect(measured.map(({ batch }) => batch)).toEqual([1, 2, 4, 8]);
});

test("a model whose batch is fixed, or whose outputs do not follow it, has none", async () => {
  const open = session({ perSample: 1 });
  expect(await measureThroughput(session({ perSample: 1, dims: [1, 3] }), open, one, 1, context)).toEqual([]);
  expect(await measureThroughput(open, session({ perSample: 1, rows: () => 1 }), one, 1, context)).toEqual([]);
});

test("a batch that a session refuses ends the table and not the evaluation", async () => {
  const measured = await measureThroughput(
    session({ perSample: 1 }),
    session({ perSample: 1, most: 8 }),
    one,
    1,
    context,
  );
  expect(measured.map(({ batch }) => batch)).toEqual([1, 2, 4, 8]);
});

test("a session that fails at once has none, and what was evaluated before is kept", async () => {
  expect(
    await measureThroughput(session({ perSample: 1 }), session({ perSample: 1, most: 0 }), one, 1, context),
  ).toEqual([]);
});

test("a model of which two samples would take too long is not run again for its throughput", async () => {
  const run = vi.fn();
  const slow = { ...session({ perSample: 1 }), run };
  expect(await measureThroughput(slow, slow, one, 600, context)).toEqual([]);
  expect(run).not.toHaveBeenCalled();
});
