/** Something that is measured. */
export interface Contender {
  readonly name: string;
  readonly runs: number;
  run(): Promise<Measured>;
  /** The peak memory of a run of its own, in bytes, where watching it would slow the run; done once, before the others. */
  peak?(): Promise<number>;
}

/** What one run came to: its time in milliseconds and, where it tells itself, its peak memory in bytes. */
export interface Measured {
  readonly time: number;
  /** Milliseconds more for the thresholds of every method, where those are not part of the time. */
  readonly thresholds?: number;
  readonly peak?: number;
  /** What it ran on, where that is not in the name. */
  readonly on?: string;
}

export interface Outcome {
  readonly name: string;
  readonly measured: readonly Measured[];
  /** Of each run that tells, or of the one that was watched. */
  readonly peaks: readonly number[];
  /** Why there are no more runs. */
  readonly failure: string | null;
}

/**
 * Runs every contender once, then each a second time and so on, so that what slows the machine for a while slows all of
 * them. One that fails is not run again.
 */
export async function interleave(
  contenders: readonly Contender[],
  say: (text: string) => void,
): Promise<ReadonlyMap<string, Outcome>> {
  const outcomes = new Map(
    contenders.map(({ name }) => [
      name,
      { name, measured: [] as Measured[], peaks: [] as number[], failure: null as string | null },
    ]),
  );
  const attempt = async ({ name }: Contender, work: () => Promise<string>) => {
    const outcome = outcomes.get(name);
    if (!outcome || outcome.failure !== null) return;
    try {
      say(`${name}: ${await work()}`);
    } catch (error) {
      const [reason = ""] = (error instanceof Error ? error.message : String(error)).split("\n");
      outcome.failure = reason;
      say(`${name} failed: ${reason}`);
    }
  };
  const note = ({ name }: Contender, peak: number) => {
    outcomes.get(name)?.peaks.push(peak);
    return `${(peak / 1e6).toFixed(0)} MB`;
  };
  for (const contender of contenders) {
    if (contender.peak) await attempt(contender, async () => note(contender, (await contender.peak?.()) as number));
  }
  const rounds = Math.max(...contenders.map(({ runs }) => runs));
  for (let round = 0; round < rounds; round++) {
    for (const contender of contenders.filter(({ runs }) => round < runs)) {
      await attempt(contender, async () => {
        const result = await contender.run();
        outcomes.get(contender.name)?.measured.push(result);
        const seconds = `${(result.time / 1000).toFixed(2)} s`;
        return result.peak === undefined ? seconds : `${seconds}, ${note(contender, result.peak)}`;
      });
    }
  }
  return outcomes;
}
