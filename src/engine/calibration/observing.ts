import type { Range } from "../model/range.ts";
import { release } from "../model/release.ts";
import type { ModelFile, ObservationPlan, ObserverSession, Runtime, Session } from "../model/runtime.ts";
import type { Statistics, TensorStatistics } from "../model/statistics.ts";
import type { Tensor, TensorMap } from "../model/tensor.ts";
import { Kernel } from "../numerics/kernel/kernel.ts";
import { clampSightings, Observer, type Sightings, summarize } from "../numerics/observer.ts";
import { type Leaf, leavesOf } from "./leaves.ts";
import { seesSeldom } from "./seldom.ts";

/**
 * Opens a model on a runtime, in consecutive pieces, to be observed there. What the runs of several pieces take is given back
 * after each, since no two run at once. Rejects as `createSession` does.
 */
export async function openObserving(
  { createSession }: Pick<Runtime, "createSession">,
  pieces: readonly ModelFile[],
  plan: ObservationPlan,
  threads: number,
): Promise<ObserverSession> {
  const sessions: Session[] = [];
  try {
    for (const piece of pieces) sessions.push(await createSession(piece, { threads, arena: pieces.length === 1 }));
  } catch (error) {
    await disposeAll(sessions);
    throw error;
  }
  return observingSession(sessions, plan);
}

/**
 * Observes on the CPU what sessions give, consecutive pieces of one model: each is fed inputs of the model and float32 tensors
 * that earlier ones give, which are held until the last that reads them. `plan.watch` names inputs and outputs; outputs that are
 * derived are not fetched, nor need a session have them, nor those counted seldom where no sample sees them. Tensors other than float32 are watched without being counted.
 * It owns the sessions: disposing of it disposes of them.
 * `observe` throws Error when the first dimension of a tensor is not a multiple of the samples joined.
 */
export function observingSession(sessions: readonly Session[], plan: ObservationPlan): ObserverSession {
  const leaves = leavesOf(plan);
  const all = counted(leaves);
  const seldom = new Set(plan.seldom);
  const often = new Set([...all].filter((name) => !seldom.has(name)));
  const [runs, shortRuns] = [all, often].map((wanted) => runsOf(sessions, wanted)) as [Run[], Run[]];
  const kernel = new Kernel();
  let observers = observersOf(leaves, kernel);
  let lastRunTime = Number.NaN;
  return {
    get lastRunTime() {
      return lastRunTime;
    },
    async observe(feeds, samples) {
      const start = performance.now();
      const see = (name: string, tensor: Tensor) => {
        const observer = observers.get(name);
        if (observer && tensor.data instanceof Float32Array) {
          observeSamples(observer, name, tensor, tensor.data, samples, seldom.has(name) ? seesSeldom : () => true);
        }
      };
      for (const [name, tensor] of feeds) see(name, tensor);
      await runAll(samples.some(seesSeldom) ? runs : shortRuns, feeds, see);
      lastRunTime = performance.now() - start;
    },
    async take() {
      const statistics = statisticsOf(leaves, observers);
      kernel.clear();
      observers = observersOf(leaves, kernel);
      return statistics;
    },
    dispose: () => disposeAll(sessions),
  };
}

async function disposeAll(sessions: readonly Session[]): Promise<void> {
  await Promise.all(sessions.map((session) => session.dispose()));
}

/** One piece: what it is fed of earlier ones, gives to later ones, and is asked for. */
interface Run {
  readonly session: Session;
  readonly fed: ReadonlySet<string> | null;
  readonly carried: ReadonlySet<string>;
  readonly fetches: readonly string[];
  /** What no later piece reads. */
  readonly last: readonly string[];
}

function runsOf(sessions: readonly Session[], wanted: ReadonlySet<string>): Run[] {
  const reads = sessions.map(({ inputs }) => new Set(inputs.map(({ name }) => name)));
  const made = new Set<string>();
  return sessions.map((session, i) => {
    const isReadAfter = (name: string) => reads.slice(i + 1).some((names) => names.has(name));
    const outputs = session.outputs.map(({ name }) => name);
    const carried = new Set(outputs.filter(isReadAfter));
    const last = [...made].filter((name) => reads[i]!.has(name) && !isReadAfter(name));
    for (const name of carried) made.add(name);
    const fetches = [...new Set([...wanted, ...carried])].filter((name) => outputs.includes(name));
    return { session, fed: sessions.length > 1 ? reads[i]! : null, carried, fetches, last };
  });
}

async function runAll(
  runs: readonly Run[],
  feeds: TensorMap,
  see: (name: string, tensor: Tensor) => void,
): Promise<void> {
  const held = new Map(feeds);
  for (const { session, fed, carried, fetches, last } of runs) {
    if (fetches.length === 0) continue;
    const inputs = fed ? new Map([...held].filter(([name]) => fed.has(name))) : held;
    await shown(session, inputs, fetches, (name, tensor) => {
      see(name, tensor);
      if (carried.has(name)) held.set(name, { ...tensor, data: tensor.data.slice() });
    });
    release(last.flatMap((name) => held.get(name) ?? []));
    for (const name of last) held.delete(name);
  }
}

/** Runs a session and shows its outputs, without copying them where it can. */
async function shown(
  session: Session,
  feeds: TensorMap,
  fetches: readonly string[],
  see: (name: string, tensor: Tensor) => void,
): Promise<void> {
  if (session.peek) return session.peek(feeds, fetches, see);
  for (const [name, tensor] of await session.run(feeds, fetches)) see(name, tensor);
}

type Leaves = ReadonlyMap<string, readonly Leaf[]>;

function counted(leaves: Leaves): Set<string> {
  return new Set([...leaves.values()].flatMap((some) => some.map(({ tensor }) => tensor)));
}

function observersOf(leaves: Leaves, kernel: Kernel): Map<string, Observer> {
  const clamps = new Map<string, Map<string, Range>>();
  for (const { tensor, clamp } of [...leaves.values()].flat()) {
    const own = clamps.get(tensor) ?? new Map<string, Range>();
    clamps.set(tensor, own);
    if (clamp) own.set(`${clamp.low} ${clamp.high}`, clamp);
  }
  return new Map([...clamps].map(([tensor, own]) => [tensor, new Observer(kernel, [...own.values()])]));
}

function statisticsOf(leaves: Leaves, observers: ReadonlyMap<string, Observer>): Statistics {
  const sightings = new Map([...observers].map(([name, observer]) => [name, observer.sightings()]));
  const seen = ({ tensor, clamp }: Leaf) => {
    const found = sightings.get(tensor) as Sightings;
    return clamp ? clampSightings(found, clamp) : found;
  };
  return new Map([...leaves].map(([name, parts]): [string, TensorStatistics] => [name, summarize(parts.map(seen))]));
}

function observeSamples(
  observer: Observer,
  name: string,
  { dims }: Tensor,
  data: Float32Array,
  samples: readonly number[],
  isSeen: (sample: number) => boolean,
): void {
  if (samples.length > 1 && (dims[0] ?? 1) % samples.length !== 0) {
    throw new Error(
      `"${name}" has the shape [${dims.join(", ")}], which does not divide into the ${samples.length} samples joined.`,
    );
  }
  const size = data.length / samples.length;
  samples.forEach((sample, i) => {
    if (isSeen(sample)) observer.observe(data.subarray(i * size, (i + 1) * size), sample);
  });
}
