import type { Range } from "../model/range.ts";
import type { ObservationPlan, ObserverSession, Session } from "../model/runtime.ts";
import type { Statistics, TensorStatistics } from "../model/statistics.ts";
import type { Tensor, TensorMap } from "../model/tensor.ts";
import { Kernel } from "../numerics/kernel/kernel.ts";
import { clampSightings, Observer, type Sightings, summarize } from "../numerics/observer.ts";
import { type Leaf, leavesOf } from "./leaves.ts";

/**
 * Observes on the CPU what a session gives. `plan.watch` names inputs and outputs of the session; outputs that are derived
 * are not fetched, nor need the session have them. Tensors other than float32 are watched without being counted.
 * It owns the session: disposing of it disposes of the session.
 * `observe` throws Error when the first dimension of a tensor is not a multiple of the samples joined.
 */
export function observingSession(session: Session, plan: ObservationPlan): ObserverSession {
  const leaves = leavesOf(plan);
  const outputs = new Set(session.outputs.map(({ name }) => name));
  const fetches = [...counted(leaves)].filter((name) => outputs.has(name));
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
          observeSamples(observer, name, tensor, tensor.data, samples);
        }
      };
      for (const [name, tensor] of feeds) see(name, tensor);
      if (fetches.length > 0) await shown(session, feeds, fetches, see);
      lastRunTime = performance.now() - start;
    },
    async take() {
      const statistics = statisticsOf(leaves, observers);
      kernel.clear();
      observers = observersOf(leaves, kernel);
      return statistics;
    },
    dispose: () => session.dispose(),
  };
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
): void {
  if (samples.length > 1 && (dims[0] ?? 1) % samples.length !== 0) {
    throw new Error(
      `"${name}" has the shape [${dims.join(", ")}], which does not divide into the ${samples.length} samples joined.`,
    );
  }
  const size = data.length / samples.length;
  samples.forEach((sample, i) => {
    observer.observe(data.subarray(i * size, (i + 1) * size), sample);
  });
}
