import type { JobContext } from "../model/job.ts";
import type { Session } from "../model/runtime.ts";

const WARM_UP_RUNS = 5;
const ROUNDS = { least: 3, most: 300, milliseconds: 6000 };

/**
 * Times sessions on one sample, in milliseconds, a list for each: in rounds in which every session runs twice and the lesser
 * counts, each round begins with another one, and every second goes the other way, so that what else the machine does, and what
 * a session finds in the cache, falls to all alike. Up to 300 rounds, fewer when they take more than six seconds.
 */
export async function timeInTurn(
  sessions: readonly Session[],
  feeds: Parameters<Session["run"]>[0],
  { signal, report }: JobContext,
): Promise<number[][]> {
  for (let run = 0; run < WARM_UP_RUNS; run++) for (const session of sessions) await session.run(feeds);
  const times = sessions.map((): number[] => []);
  const start = performance.now();
  const count = sessions.length;
  for (let round = 0; round < ROUNDS.most; round++) {
    if (round >= ROUNDS.least && performance.now() - start >= ROUNDS.milliseconds) break;
    signal.throwIfAborted();
    report({ task: "Timing what may be written", done: round, total: ROUNDS.most, unit: "runs" });
    for (let turn = 0; turn < count; turn++) {
      const at = (round + (round % 2 === 0 ? turn : count - turn)) % count;
      const session = sessions[at] as Session;
      const runs: number[] = [];
      for (let run = 0; run < 2; run++) {
        await session.run(feeds);
        runs.push(session.lastRunTime);
      }
      times[at]?.push(Math.min(...runs));
    }
  }
  return times;
}
