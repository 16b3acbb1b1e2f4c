import { dataShaped } from "../graph/dataShaped.ts";
import type { Dataset } from "../model/dataset.ts";
import { InputError, type JobContext } from "../model/job.ts";
import type { Session } from "../model/runtime.ts";
import type { ErrorWalk, WalkStep } from "../model/sensitivity.ts";
import { Comparator, type Comparison } from "../numerics/metrics.ts";
import type { QuantizationPlan } from "../plan/plan.ts";
import type { DataType } from "../values/elementTypes.ts";
import { readBy, unitsOf } from "./units.ts";

/** A layer, with what is fused to it, and the tensors between which its own error lies. */
export interface WalkStop {
  readonly layer: string;
  /** The tensor it makes. */
  readonly tensor: string;
  /** Tensors of other layers that it reads. */
  readonly reads: readonly string[];
}

/** Every layer that makes float32 values, in graph order, but for those of which data decides how many there are. */
export function walkStops(plan: QuantizationPlan, types: ReadonlyMap<string, DataType | "other">): WalkStop[] {
  const sizedByData = dataShaped(plan.index.graph);
  const isCompared = (name: string) => types.get(name) === "float32" && !sizedByData.has(name);
  return unitsOf(plan).flatMap(({ id, positions, makes }) => {
    const tensor = makes.find(isCompared);
    if (tensor === undefined) return [];
    const nodes = positions.map((at) => plan.layers[at]!.node);
    const own = new Set(nodes.flatMap(({ output }) => output));
    const reads = [...new Set(nodes.flatMap(readBy))].filter(
      (name) => !own.has(name) && plan.index.producer(name) && isCompared(name),
    );
    return [{ layer: id, tensor, reads }];
  });
}

/**
 * Compares each stop's tensor in a float and a quantized session, over the first samples of a dataset. `nameOf` is what a
 * tensor's values are called in the quantized one. Samples that cannot be read are left out, and so are tensors of another size in the two.
 * Throws InputError when none can be read.
 */
export async function walkErrors(
  stops: readonly WalkStop[],
  nameOf: (tensor: string) => string,
  sessions: { readonly float: Session; readonly quantized: Session },
  dataset: Dataset,
  samples: number,
  context: JobContext,
): Promise<ErrorWalk> {
  const tensors = [...new Set(stops.flatMap(({ tensor, reads }) => [tensor, ...reads]))];
  const comparators = new Map(tensors.map((name) => [name, new Comparator()]));
  const total = Math.min(samples, dataset.length);
  let read = 0;
  let failure: InputError | null = null;
  for (let index = 0; index < total; index++) {
    context.signal.throwIfAborted();
    context.report({ task: "Walking through the layers", done: index, total, unit: "samples" });
    try {
      const { feeds } = await dataset.get(index);
      const float = await sessions.float.run(feeds, tensors);
      const quantized = await sessions.quantized.run(feeds, tensors.map(nameOf));
      for (const [name, comparator] of comparators) {
        const [values, others] = [float.get(name)?.data, quantized.get(nameOf(name))?.data];
        if (values?.length === others?.length) comparator.add(values as Float32Array, others as Float32Array);
        else comparators.delete(name);
      }
      read++;
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      failure ??= error;
    }
  }
  if (read === 0) throw new InputError(`Not one of ${total} samples could be read; ${failure?.message ?? "add data."}`);
  const results = new Map([...comparators].map(([name, comparator]) => [name, comparator.result()]));
  const compared = stops.filter(({ tensor }) => results.has(tensor));
  return { samples: read, steps: compared.map((stop) => stepOf(stop, results)) };
}

function stepOf({ layer, tensor, reads }: WalkStop, results: ReadonlyMap<string, Comparison>): WalkStep {
  const { sqnr, mse } = results.get(tensor)!;
  const before = reads.flatMap((name) => results.get(name)?.sqnr ?? []);
  return { layer, tensor, sqnr, mse, inputSqnr: before.length > 0 ? Math.min(...before) : null };
}
