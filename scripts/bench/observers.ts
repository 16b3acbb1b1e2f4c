import { BLOCK, Kernel } from "../../src/engine/numerics/kernel/kernel.ts";
import { Observer } from "../../src/engine/numerics/observer.ts";
import { drawFrom } from "../../src/engine/numerics/testing/distributions.ts";
import { median } from "./verdict.ts";

/** Nanoseconds an element, medians of interleaved rounds. */
export interface ObserverRow {
  readonly values: string;
  readonly elements: number;
  /** All that an observer does: copying in, extremes, counts. */
  readonly observer: number;
  /** Copying in and extremes alone. */
  readonly extremes: number;
  /** A plain copy of the same memory. */
  readonly copy: number;
}

/** Elements as MobileNet's layers have them: the largest at 112 x 112 x 48, most about 100000. */
const SIZES = [602_112, 75_264];
const VALUES = ["gaussian", "relu of a gaussian", "all zero"];
const ROUNDS = 25;
const SEPARATE_TENSORS = 4_000_000;

/** Observers alone, without inference, on the CPU that this runs on. Tensors are many, so that none lies in a cache. */
export async function benchObservers(): Promise<ObserverRow[]> {
  const rows: ObserverRow[] = [];
  for (const elements of SIZES) for (const values of VALUES) rows.push(measure(values, elements));
  return rows;
}

function measure(values: string, elements: number): ObserverRow {
  const drawn = drawFrom(values, elements);
  const tensors = Array.from({ length: Math.ceil(SEPARATE_TENSORS / elements) }, () => Float32Array.from(drawn));
  const target = tensors.map(() => new Float32Array(elements));
  const kernel = new Kernel();
  const observer = new Observer(kernel);
  const tasks = {
    observer: (tensor: Float32Array) => observer.observe(tensor, 0),
    extremes: (tensor: Float32Array) => {
      for (let i = 0; i < elements; i += BLOCK) kernel.survey(tensor.subarray(i, i + BLOCK));
    },
    copy: (tensor: Float32Array, i: number) => target[i]?.set(tensor),
  };
  const times = { observer: [] as number[], extremes: [] as number[], copy: [] as number[] };
  for (let round = -3; round < ROUNDS; round++) {
    for (const [name, task] of Object.entries(tasks) as [keyof typeof tasks, (typeof tasks)["copy"]][]) {
      const start = performance.now();
      tensors.forEach(task);
      if (round >= 0) times[name].push(performance.now() - start);
    }
  }
  const each = (some: readonly number[]) => (median(some) * 1e6) / (elements * tensors.length);
  return {
    values,
    elements,
    observer: each(times.observer),
    extremes: each(times.extremes),
    copy: each(times.copy),
  };
}
