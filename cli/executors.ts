import { availableParallelism } from "node:os";
import { unpackStatistics } from "../src/engine/calibration/packedStatistics.ts";
import type { ModelFile, ObservationPlan, ObserverSession, Runtime } from "../src/engine/model/runtime.ts";
import { announced, announcedFeeds, bytesOf, executorProcess, startAhead } from "./executorProcess.ts";

/** What dies more often dies of a sample or for want of memory. */
const RESTARTS = 2;

/**
 * A runtime of Node that observes in processes of their own: its `run` blocks the thread that calls it, while images are decoded
 * here, and where one dies in native code only what it had not handed over is observed again. Two start at once, while a
 * model is opened: the second is for what observes beside the first, or runs what is written; a process ends with its observer, since
 * only then its memory is given back.
 */
export function observingApart(main: Runtime): Runtime {
  startAhead(2);
  return {
    ...main,
    maxWorkers: availableParallelism(),
    restarts: RESTARTS,
    createObserver: (pieces, plan, { threads }) => openObserver(main, pieces, plan, threads),
  };
}

async function openObserver(
  main: Runtime,
  pieces: readonly ModelFile[],
  plan: ObservationPlan,
  threads: number,
): Promise<ObserverSession> {
  const executor = await executorProcess();
  try {
    const models = pieces.map((piece) => announced(piece, main));
    const question = { kind: "openObserver", pieces: models.map(({ model }) => model), plan, threads } as const;
    await executor.ask(question, bytesOf(models));
    for (const { linked } of pieces) linked?.assertSame();
  } catch (error) {
    await executor.end();
    throw error;
  }
  let lastRunTime = Number.NaN;
  return {
    get lastRunTime() {
      return lastRunTime;
    },
    async observe(given, samples) {
      const { feeds, bytes } = announcedFeeds(given);
      lastRunTime = await executor.ask({ kind: "observe", feeds, samples }, bytes);
    },
    take: async () => unpackStatistics(await executor.ask({ kind: "take" })),
    dispose: () => executor.end(),
  };
}
