import { expect, test } from "vitest";
import { Turns } from "./turns.ts";

/** Work that runs until it is told to end, or aborted: it notices that only after `slow` further turns. */
function work(slow = 0) {
  let finish: () => void = () => {};
  const finished = new Promise<void>((resolve) => {
    finish = resolve;
  });
  const log = { started: false, ended: false };
  const run = async (signal: AbortSignal) => {
    log.started = true;
    const aborted = new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
    await Promise.race([finished, aborted]);
    for (let turn = 0; turn < slow; turn++) await Promise.resolve();
    log.ended = true;
    signal.throwIfAborted();
    return "done";
  };
  return { run, finish, log };
}

const aborted = { name: "AbortError" };

test("a newer probe ends the older one, and starts when that has ended", async () => {
  const turns = new Turns();
  const [first, second, third] = [work(5), work(), work()];
  const older = expect(turns.probe("change", first.run)).rejects.toMatchObject(aborted);
  await Promise.resolve();
  const skipped = expect(turns.probe("change", second.run)).rejects.toMatchObject(aborted);
  const newest = turns.probe("change", (signal) => {
    expect(first.log.ended).toBe(true);
    return third.run(signal);
  });
  await Promise.all([older, skipped]);
  third.finish();
  expect(await newest).toBe("done");
  expect(second.log.started).toBe(false);
});

test("a job ends the probe and waits for it, never fails for it, and no probe starts beside it", async () => {
  const turns = new Turns();
  const [probe, job, late, after] = [work(5), work(), work(), work()];
  const ended = expect(turns.probe("change", probe.run)).rejects.toMatchObject(aborted);
  await Promise.resolve();
  const running = turns.job((signal) => {
    expect(probe.log.ended).toBe(true);
    return job.run(signal);
  });
  await expect(turns.probe("change", late.run)).rejects.toMatchObject(aborted);
  await expect(turns.job(late.run)).rejects.toThrow("Another job is running");
  expect(late.log.started).toBe(false);
  await ended;
  job.finish();
  expect(await running).toBe("done");
  after.finish();
  expect(await turns.probe("change", after.run)).toBe("done");
});

test("cancel ends the job and leaves a probe alone", async () => {
  const turns = new Turns();
  const [probe, job] = [work(), work()];
  const measuring = turns.probe("change", probe.run);
  turns.cancel();
  probe.finish();
  expect(await measuring).toBe("done");
  const running = turns.job(job.run);
  await Promise.resolve();
  turns.cancel();
  await expect(running).rejects.toMatchObject(aborted);
});

test("probes of other kinds go on beside each other, and a job ends them all", async () => {
  const turns = new Turns();
  const [change, prediction, job] = [work(3), work(9), work()];
  const ended = [
    expect(turns.probe("change", change.run)).rejects.toMatchObject(aborted),
    expect(turns.probe("prediction", prediction.run)).rejects.toMatchObject(aborted),
  ];
  const preprocessing = work();
  const answer = turns.probe("preprocessing", preprocessing.run);
  preprocessing.finish();
  expect(await answer).toBe("done");
  expect([change.log.ended, prediction.log.ended]).toEqual([false, false]);
  const running = turns.job((signal) => {
    expect([change.log.ended, prediction.log.ended]).toEqual([true, true]);
    return job.run(signal);
  });
  job.finish();
  expect(await running).toBe("done");
  await Promise.all(ended);
});
