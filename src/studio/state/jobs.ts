import { type Door, proxy } from "../../../workers/client.ts";
import type { EngineApi, OnProgress } from "../../../workers/protocol.ts";
import type { JobContext, Progress } from "../../engine/model/job.ts";
import { elsewhereText, isShortage, shortageText } from "./large.ts";
import { alarm, alarmFor, alarmUntil, say } from "./log.ts";
import type { Job } from "./slices/work.ts";
import { actions, studio } from "./store.ts";
import { engine } from "./workers.ts";

const PATIENCE_MS = 5000;
const REPORT_EVERY_MS = 80;
const LIVES = 3;

let nextId = 1;

interface JobPlan<R> {
  /** What runs, as a present participle: "Calibrating". */
  readonly task: string;
  readonly on: string;
  /** Asks the engine. Asked again, from where things stand, when the worker ended before it answered. */
  readonly run: (api: Door<EngineApi>, report: OnProgress) => Promise<R>;
  /** Where a job asked again goes on, such as "from 120 of 300 samples". */
  readonly resumesAt?: () => string;
  readonly settles?: boolean;
}

/**
 * Runs one job at a time, in the engine. Null when it was cancelled, failed, or could not start, of which the person has been told,
 * and when everything was deleted meanwhile.
 */
export function runJob<R>(plan: JobPlan<R>): Promise<R | null> {
  return conduct(plan, async (id, report) => {
    for (let life = 1; ; life++) {
      try {
        return await engine.ask((api) => plan.run(api, proxy(report)));
      } catch (error) {
        if (!currentJob(id)) return null;
        if (!(error instanceof Error) || error.name !== "WorkerDied" || currentJob(id)?.cancelling) throw error;
        if (life === LIVES) {
          const { model } = studio.getState().project;
          const where = elsewhereText(model?.file.name ?? "MODEL.onnx");
          alarm(
            `${plan.task} stopped ${LIVES} times: the model may need more memory than a tab has. ${where}`,
            error.message,
          );
          return null;
        }
        const from = plan.resumesAt ? ` ${plan.resumesAt()}` : "";
        say("warning", `${plan.task} goes on in a new worker${from}: ${error.message}.`);
      }
    }
  });
}

/** Runs a job as runJob does, but in this page. */
export async function runHere<R>(
  plan: Pick<JobPlan<R>, "task" | "on"> & { readonly run: (context: JobContext) => Promise<R> },
): Promise<R | null> {
  const abort = new AbortController();
  return conduct(plan, async (id, report) => {
    here = { id, abort };
    return plan.run({ signal: abort.signal, report });
  });
}

/** What ends the job that runs in this page. */
let here: { readonly id: number; readonly abort: AbortController } | null = null;

async function conduct<R>(
  plan: Pick<JobPlan<R>, "task" | "on" | "settles">,
  work: (id: number, report: OnProgress) => Promise<R | null>,
): Promise<R | null> {
  const running = studio.getState().work.job;
  if (running) {
    alarmUntil("idle", `${plan.task} has to wait: cancel “${running.task}” or let it end first.`);
    return null;
  }
  const id = nextId++;
  actions.jobStarted({ id, task: plan.task, on: plan.on, settles: plan.settles ?? false }, Date.now());
  try {
    return await work(id, reporter(id));
  } catch (error) {
    if (currentJob(id)?.cancelling || (error instanceof Error && error.name === "AbortError")) {
      say("info", `${plan.task} was cancelled.`);
    } else if (error instanceof Error && isShortage(error)) {
      alarm(shortageText(plan.task, studio.getState().project.model?.file.name ?? null), error.message);
    } else alarmFor(error, plan.task);
    return null;
  } finally {
    if (currentJob(id)) actions.jobEnded();
  }
}

/** Asks the running job to end; one that has not ended after five seconds loses its worker. */
export async function cancelJob(): Promise<void> {
  const { job } = studio.getState().work;
  if (!job || job.cancelling) return;
  actions.jobCancelled();
  if (here?.id === job.id) return here.abort.abort();
  setTimeout(() => {
    if (currentJob(job.id)) engine.end("it did not answer to Cancel within 5 s");
  }, PATIENCE_MS);
  await engine.tell((api) => api.cancel());
}

function currentJob(id: number): Job | null {
  const { job } = studio.getState().work;
  return job?.id === id ? job : null;
}

function reporter(id: number): OnProgress {
  return (progress: Progress) => {
    const job = currentJob(id);
    if (!job) return;
    const now = Date.now();
    const sameTask = job.first !== null && goesOn(job.progress, progress) && progress.done >= job.first.done;
    if (sameTask && progress.done < progress.total && now - job.now < REPORT_EVERY_MS) return;
    const first = sameTask ? job.first : { done: progress.done, time: now };
    actions.jobProgressed(progress, first, now);
  };
}

/** Whether one report is of the task of the other: shares of a whole go on from layer to layer. */
function goesOn(before: Progress | null, now: Progress): boolean {
  if (before === null) return false;
  return before.task === now.task || (now.unit === "%" && before.unit === "%" && now.done >= before.done);
}

/** Units a second and milliseconds left, once there is enough to tell by. */
export function pace(job: Job): { readonly rate: number; readonly left: number } | null {
  if (!job.progress || !job.first) return null;
  const done = job.progress.done - job.first.done;
  const elapsed = job.now - job.first.time;
  if (done <= 0 || elapsed < 200) return null;
  return { rate: (done / elapsed) * 1000, left: ((job.progress.total - job.progress.done) / done) * elapsed };
}
