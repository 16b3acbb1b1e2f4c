import type { Dataset } from "../model/dataset.ts";
import { InputError, type JobContext, type Notice } from "../model/job.ts";
import type { Session } from "../model/runtime.ts";
import type { Statistics, TensorStatistics } from "../model/statistics.ts";
import type { TensorMap } from "../model/tensor.ts";
import { Observer } from "../numerics/observer.ts";

/** How far an observation has come. */
export interface Observation {
  readonly statistics: Statistics;
  /** Sample indices observed and those that could not be read, ascending. */
  readonly observed: readonly number[];
  readonly skipped: readonly number[];
  readonly notices: readonly Notice[];
}

const CHECKPOINT_MS = 4000;

/**
 * Runs the first `samples` samples one by one and observes the tensors to `watch`: model inputs, and outputs of
 * `session`. Memory is one sample's tensors and the statistics. Samples that cannot be read are skipped and noted.
 * NaN and infinities are left out and noted. Continues from `resume`; `checkpoint` gets the state every few seconds,
 * and when the job is cancelled or fails.
 * Throws InputError when not one sample could be read.
 */
export async function observe(
  session: Session,
  watch: readonly string[],
  dataset: Dataset,
  samples: number,
  resume: Observation | null,
  context: JobContext,
  checkpoint: (observation: Observation) => void,
): Promise<Observation> {
  const observers = new Map<string, Observer>();
  for (const name of watch) {
    const before = resume?.statistics.get(name);
    observers.set(name, before ? Observer.from(before) : new Observer());
  }
  const outputs = new Set(session.outputs.map(({ name }) => name));
  const fetches = watch.filter((name) => outputs.has(name));
  const observed = [...(resume?.observed ?? [])];
  const skipped = [...(resume?.skipped ?? [])];
  const told = new Set(resume ? nonFiniteNotices(resume.statistics).map(({ message }) => message) : []);
  const notices = resume?.notices.filter(({ message }) => !told.has(message)) ?? [];
  const known = new Set([...observed, ...skipped]);
  const total = Math.min(samples, dataset.length);
  const state = (): Observation => {
    const statistics = statisticsOf(observers);
    return {
      statistics,
      observed: [...observed],
      skipped: [...skipped],
      notices: [...notices, ...nonFiniteNotices(statistics)],
    };
  };

  let saved = performance.now();
  try {
    for (let index = 0; index < total; index++) {
      context.signal.throwIfAborted();
      context.report({ task: "Calibrating", done: index, total, unit: "samples" });
      if (known.has(index)) continue;
      let feeds: TensorMap;
      try {
        ({ feeds } = await dataset.get(index));
      } catch (error) {
        if (!(error instanceof InputError)) throw error;
        skipped.push(index);
        notices.push({ kind: "warning", subject: dataset.sources[index] ?? "", message: `Skipped: ${error.message}` });
        continue;
      }
      const results = await session.run(feeds, fetches);
      for (const [name, observer] of observers) {
        const tensor = results.get(name) ?? feeds.get(name);
        if (tensor?.data instanceof Float32Array) observer.observe(tensor.data, index);
      }
      observed.push(index);
      if (performance.now() - saved > CHECKPOINT_MS) {
        checkpoint(state());
        saved = performance.now();
      }
    }
  } catch (error) {
    if (observed.length > 0) checkpoint(state());
    throw error;
  }
  context.report({ task: "Calibrating", done: total, total, unit: "samples" });
  if (observed.length === 0) {
    throw new InputError(`Not one of the ${total} samples could be read; ${notices[0]?.message ?? "add other data."}`);
  }
  return state();
}

function statisticsOf(observers: ReadonlyMap<string, Observer>): Statistics {
  const statistics = new Map<string, TensorStatistics>();
  for (const [name, observer] of observers) statistics.set(name, observer.statistics());
  return statistics;
}

function nonFiniteNotices(statistics: Statistics): Notice[] {
  const notices: Notice[] = [];
  for (const [name, { nan, positiveInfinity, negativeInfinity }] of statistics) {
    const infinite = positiveInfinity + negativeInfinity;
    if (nan + infinite === 0) continue;
    notices.push({
      kind: "warning",
      subject: name,
      message: `${name} held ${nan} NaN and ${infinite} infinite values, which calibration left out.`,
    });
  }
  return notices;
}
