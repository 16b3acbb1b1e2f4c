import { storeWeights } from "../emit/storeWeights.ts";
import type { Dataset } from "../model/dataset.ts";
import type { JobContext } from "../model/job.ts";
import type { Recipe } from "../model/recipe.ts";
import type { Runtime, Session } from "../model/runtime.ts";
import { toModelFile } from "../onnx/runtimeFile.ts";
import type { OpenModel } from "./open.ts";
import { quantizationJob } from "./quantize.ts";
import { readableSamples } from "./samples.ts";
import { loadSession } from "./session.ts";

/** What the outputs lose when the weights of one layer alone are kept in int8. */
export interface StoredError {
  readonly layer: string;
  readonly alone: { readonly sqnr: number };
}

/**
 * Measures each layer whose weights alone are in int8, in graph order: the float model with it against the float model,
 * all outputs together, on the first samples that can be read. Throws InputError when none can.
 */
export async function storedErrors(
  model: OpenModel,
  recipe: Recipe,
  dataset: Dataset,
  { samples }: { readonly samples: number },
  { runtime, threads }: { readonly runtime: Runtime; readonly threads: number },
  context: JobContext,
): Promise<StoredError[]> {
  const { corrected, plan } = quantizationJob(model, recipe);
  const stored = plan.stored.filter(({ weights }) => weights.length > 0);
  if (stored.length === 0) return [];
  const load = (form: typeof corrected) => loadSession(runtime, toModelFile(form), { threads }, `"${model.fileName}"`);
  const float = await load(corrected);
  try {
    const found: StoredError[] = [];
    for (const [done, each] of stored.entries()) {
      context.signal.throwIfAborted();
      context.report({ task: "Measuring weights in int8", done, total: stored.length, unit: "layers" });
      const session = await load(storeWeights(corrected, [each], recipe.weights));
      try {
        const sqnr = await sqnrOf(float, session, dataset, samples, context);
        found.push({ layer: each.layer.id, alone: { sqnr } });
      } finally {
        await session.dispose();
      }
    }
    return found;
  } finally {
    await float.dispose();
  }
}

async function sqnrOf(
  float: Session,
  session: Session,
  dataset: Dataset,
  samples: number,
  { signal }: JobContext,
): Promise<number> {
  let power = 0;
  let error = 0;
  for await (const { sample } of readableSamples(dataset, samples)) {
    signal.throwIfAborted();
    const exact = await float.run(sample.feeds);
    const rounded = await session.run(sample.feeds);
    for (const [name, { type, data }] of exact) {
      const other = rounded.get(name);
      if (type !== "float32" || other?.data.length !== data.length) continue;
      for (let i = 0; i < data.length; i++) {
        const value = Number(data[i]);
        const difference = value - Number(other.data[i]);
        if (!Number.isFinite(difference)) continue;
        power += value * value;
        error += difference * difference;
      }
    }
  }
  return 10 * Math.log10(power / error);
}
