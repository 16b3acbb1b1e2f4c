import { expect, it } from "vitest";
import { InputError } from "../model/job.ts";
import { type Runtime, type Session, WorkerDied } from "../model/runtime.ts";
import { FloatRunner } from "./stateRunner.ts";

function failing(error: Error) {
  const log: string[] = [];
  const session: Session = {
    inputs: [],
    outputs: [],
    lastRunTime: 1,
    async run(_, fetches) {
      log.push(`run ${fetches}`);
      if (log.length === 2) throw error;
      return new Map();
    },
    dispose: async () => void log.push("dispose"),
  };
  const createSession = async () => {
    log.push("open");
    return session;
  };
  const runtime: Runtime = { label: "", provider: "cpu", maxThreads: 1, createSession };
  return { log, runner: new FloatRunner({ graph: new Uint8Array(), external: [] }, runtime) };
}

it("opens one session until it is released", async () => {
  const { log, runner } = failing(new Error("not reached"));
  await runner.release();
  log.push("first");
  for (const _ of [1, 2]) await runner.run(new Map(), ["h"], "x");
  await runner.release();
  await runner.run(new Map(), ["h"], "x");
  expect(log).toEqual(["first", "open", "run h", "run h", "dispose", "open", "run h"]);
});

it("opens another after a failure, which says where it was", async () => {
  const { log, runner } = failing(new Error("Got invalid dimensions\nand more"));
  const run = runner.run(new Map(), ["h"], "x.npy[3]");
  await expect(run).rejects.toThrow(InputError);
  await expect(run).rejects.toThrow("The float model does not run on x.npy[3]: Got invalid dimensions");
  await runner.run(new Map(), ["h"], "x");
  expect(log).toEqual(["open", "run h", "dispose", "open", "run h"]);
});

it("opens one session for two that ask at once, and tries again where it does not open", async () => {
  const { log, runner } = failing(new Error("not reached"));
  log.push("first");
  await Promise.all([1, 2].map(() => runner.run(new Map(), ["h"], "x")));
  expect(log).toEqual(["first", "open", "run h", "run h"]);
  let tries = 0;
  const createSession = async () => {
    tries++;
    throw new Error("no such operator");
  };
  const runtime: Runtime = { label: "", provider: "cpu", maxThreads: 1, createSession };
  const broken = new FloatRunner({ graph: new Uint8Array(), external: [] }, runtime);
  for (const _ of [1, 2]) {
    await expect(broken.run(new Map(), ["h"], "x")).rejects.toThrow(
      "The float model does not load in ONNX Runtime: no such operator",
    );
  }
  await broken.release();
  expect(tries).toBe(2);
});

it("passes a worker's death on as it is", async () => {
  const { runner } = failing(new WorkerDied("The worker ended"));
  await expect(runner.run(new Map(), ["h"], "x")).rejects.toThrow(WorkerDied);
});
