import { afterEach, expect, test, vi } from "vitest";
import type { Progress } from "../../engine/model/job.ts";
import { contentsOf } from "./fetching.ts";
import { cancelJob, runHere } from "./jobs.ts";
import { studio } from "./store.ts";
import { fresh } from "./testing/given.ts";

vi.mock("./workers.ts", () => ({ engine: { tell: async () => undefined, end: () => undefined } }));
afterEach(fresh);

const answer = (bytes: number, headers: Record<string, string> = { "content-length": String(bytes) }) =>
  new Response(new Uint8Array(bytes).fill(7), { headers });

test("what is fetched is told in MB, of all where every length is known", async () => {
  const reports: Progress[] = [];
  const context = { signal: new AbortController().signal, report: (progress: Progress) => reports.push(progress) };
  const contents = await contentsOf([answer(700_000), answer(300_000)], context);
  expect(contents.map(({ size }) => size)).toEqual([700_000, 300_000]);
  expect(reports.every(({ total, unit }) => total === 1 && unit === "MB")).toBe(true);
  const done = reports.map((progress) => progress.done);
  expect([...done].sort((a, b) => a - b)).toEqual(done);
  expect(done.at(-1)).toBeGreaterThan(0.5);

  reports.length = 0;
  const packed = { "content-length": "10", "content-encoding": "gzip" };
  await contentsOf([answer(400_000, packed)], context);
  expect(reports.map(({ total }) => total)).not.toContain(10 / 1e6);
  expect(new Set(reports.map(({ total }) => total))).toEqual(new Set([0]));
});

test("what is fetched can be cancelled", async () => {
  const pull = async (stream: ReadableStreamDefaultController) => {
    await new Promise((resolve) => setTimeout(resolve, 2));
    stream.enqueue(new Uint8Array(1e5));
  };
  const endless = new Response(new ReadableStream({ pull }, { highWaterMark: 0 }));
  const run = runHere({ task: "Fetching", on: "big.onnx", run: (context) => contentsOf([endless], context) });
  await vi.waitFor(() => expect(studio.getState().work.job?.progress?.done).toBeGreaterThan(0));
  await cancelJob();
  expect(await run).toBeNull();
  const { job, log, alerts } = studio.getState().work;
  expect([job, alerts, log[0]?.text]).toEqual([null, [], "Fetching was cancelled."]);
});
