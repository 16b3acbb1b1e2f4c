import type { GpuSession } from "../../model/gpu.ts";
import { Lifetime } from "../../model/lifetime.ts";
import type { Range } from "../../model/range.ts";
import type { ObservationPlan, ObserverSession } from "../../model/runtime.ts";
import type { TensorMap } from "../../model/tensor.ts";
import { clampSightings, type Sightings, summarize } from "../../numerics/observer.ts";
import { type Leaf, leavesOf } from "../leaves.ts";
import { seesSeldom } from "../seldom.ts";
import { GpuObserver } from "./gpuObserver.ts";
import { groupsWithin } from "./pieces.ts";

const FLOAT_BYTES = 4;

/** Watched tensors that one run holds at once. Where they take more, a sample is run several times. */
const HELD_BYTES = 512 * 2 ** 20;

/**
 * Observes on the GPU what a session computes there: tensors stay in its memory, and only their statistics leave it, at
 * `take`. `plan.watch` names inputs and outputs of the session, which need not have those that are derived; tensors other
 * than float32 are watched without being counted. It owns the session. Rejects with what the device or the session reports.
 */
export async function gpuObserverSession(
  session: GpuSession,
  plan: ObservationPlan,
  heldBytes = HELD_BYTES,
): Promise<ObserverSession> {
  const { device } = session;
  const ports = new Map([...session.inputs, ...session.outputs].map((port) => [port.name, port]));
  const leaves = leavesOf(plan);
  const targets = new Map([...leaves.values()].flat().map((leaf) => [keyOf(counted(leaf)), counted(leaf)]));
  for (const [key, { tensor }] of targets) if (ports.get(tensor)?.type !== "float32") targets.delete(key);
  const names = [...new Set([...targets.values()].map(({ tensor }) => tensor))];
  const health = watchDevice(device);
  const seldom = new Set(plan.seldom);
  const often = names.filter((name) => !seldom.has(name));
  const counters = [...targets.values()].map((target) => ({ ...target, seldom: seldom.has(target.tensor) }));
  const observer = await health.of(GpuObserver.create(device, counters));
  const measured = new Map<string, number>();
  let lastRunTime = Number.NaN;

  const bytesOf = (name: string, feeds: TensorMap, samples: number): number => {
    const known = measured.get(name);
    if (known !== undefined) return known * samples;
    const batch = Math.max(...[...feeds.values()].map(({ dims }) => dims[0] ?? 1));
    const dims = ports.get(name)?.dims ?? [];
    return dims.reduce<number>((bytes, dim) => bytes * (typeof dim === "number" ? dim : batch), FLOAT_BYTES);
  };

  return {
    get lastRunTime() {
      return lastRunTime;
    },
    async observe(feeds, samples) {
      const start = performance.now();
      await health.of(observer.begin(samples));
      const seen = samples.some(seesSeldom) ? names : often;
      for (const fetches of groupsWithin(seen, (name) => bytesOf(name, feeds, samples.length), heldBytes)) {
        const run = session.run(feeds, fetches, (tensors) => {
          for (const [name, { buffer }] of tensors) measured.set(name, buffer.size / samples.length);
          observer.add(tensors, samples.length);
        });
        await health.of(run);
      }
      await health.of(device.queue.onSubmittedWorkDone());
      lastRunTime = performance.now() - start;
    },
    async take() {
      const taken = await health.of(observer.take());
      const sightings = new Map([...targets.keys()].map((key, i) => [key, taken[i] ?? []]));
      const seen = (leaf: Leaf): readonly Sightings[] => {
        const found = sightings.get(keyOf(counted(leaf))) ?? [];
        return isRelu(leaf) ? found.map((part) => clampSightings(part, leaf.clamp)) : found;
      };
      return new Map([...leaves].map(([name, parts]) => [name, summarize(parts.flatMap(seen))]));
    },
    async dispose() {
      health.end();
      observer.destroy();
      await session.dispose();
    },
  };
}

const keyOf = ({ tensor, clamp }: Leaf) => JSON.stringify([tensor, String(clamp?.low), String(clamp?.high)]);

/** What follows from the counts of all values, which are as fine for the positive ones alone. */
function isRelu(leaf: Leaf): leaf is Leaf & { readonly clamp: Range } {
  return leaf.clamp?.low === 0 && leaf.clamp.high === Infinity;
}

/** What is counted for a leaf: its values clamped, but for a Relu. */
const counted = (leaf: Leaf): Leaf => (isRelu(leaf) ? { tensor: leaf.tensor, clamp: null } : leaf);

/** Lets no promise outlive the device: what it reports beside them, and its loss, rejects the one at hand. */
function watchDevice(device: GPUDevice) {
  let reported: GPUError | null = null;
  const note = (event: GPUUncapturedErrorEvent) => {
    reported ??= event.error;
  };
  device.addEventListener("uncapturederror", note);
  const life = new Lifetime();
  void device.lost.then(({ message }) => life.end(new Error(`The device was lost: ${message}`)));
  return {
    async of<T>(work: Promise<T>): Promise<T> {
      work.catch(() => undefined);
      const result = await life.within(() => work);
      if (reported) throw new Error(reported.message);
      return result;
    },
    end: () => device.removeEventListener("uncapturederror", note),
  };
}
