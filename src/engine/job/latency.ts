import type { Dataset } from "../model/dataset.ts";
import { InputError, type JobContext } from "../model/job.ts";
import type { LayerTimes } from "../model/latency.ts";
import type { Recipe } from "../model/recipe.ts";
import type { NodeTime, Runtime } from "../model/runtime.ts";
import { quantile } from "../numerics/interval.ts";
import { type OpenModel, runnable } from "./open.ts";
import { quantizeModel } from "./quantize.ts";
import { assertRunsHere } from "./runsHere.ts";
import { firstReadable } from "./samples.ts";
import { loadQuantized } from "./session.ts";
import { writtenGraph } from "./writtenGraph.ts";

const WARM_UP_RUNS = 3;
const RUNS = { least: 5, most: 50, milliseconds: 3000 };

/**
 * Times every layer of the model that would be exported by ONNX Runtime's own profile: one sample, one thread, up to 50 runs, fewer
 * when they take more than three seconds. Throws InputError as quantizing does, when no sample can be read, or where the runtime keeps no profile.
 */
export async function layerTimes(
  model: OpenModel,
  recipe: Recipe,
  dataset: Dataset,
  runtime: Runtime,
  { signal, report }: JobContext,
): Promise<LayerTimes> {
  assertRunsHere(recipe, "Time");
  const quantized = quantizeModel(model, recipe);
  const { feeds } = await firstReadable(dataset, 0, dataset.length);
  const options = { threads: 1, profile: true };
  const session = await loadQuantized(runtime, runnable(quantized.model), options);
  try {
    if (!session.nodeTimes) {
      throw new InputError(
        "Layers are timed by ONNX Runtime in a browser alone; open the model in the studio for that.",
      );
    }
    let runs = 0;
    for (let start = Infinity; runs < WARM_UP_RUNS + RUNS.most; runs++) {
      if (runs === WARM_UP_RUNS) start = performance.now();
      if (runs >= WARM_UP_RUNS + RUNS.least && performance.now() - start >= RUNS.milliseconds) break;
      signal.throwIfAborted();
      report({ task: "Timing the layers", done: runs, total: WARM_UP_RUNS + RUNS.most, unit: "runs" });
      await session.run(feeds);
    }
    const layerOf = new Map(writtenGraph(quantized).nodes.map(({ id, layer }) => [id, layer]));
    const summed = sumByLayer(await session.nodeTimes(), layerOf, WARM_UP_RUNS);
    return { ...summed, runs: runs - WARM_UP_RUNS, threads: 1, runtime: runtime.label };
  } finally {
    await session.dispose();
  }
}

/**
 * The median of each node's runs after the first `skipped`, in milliseconds, added up by layer. What ONNX Runtime fuses it calls by the name of a
 * node that is in it and a number, "conv1_token_7".
 */
export function sumByLayer(
  times: readonly NodeTime[],
  layerOf: ReadonlyMap<string, string | null>,
  skipped: number,
): Pick<LayerTimes, "layers" | "others"> {
  const runs = new Map<string, number[]>();
  for (const { node, microseconds } of times) {
    const known = runs.get(node);
    if (known) known.push(microseconds);
    else runs.set(node, [microseconds]);
  }
  const layers = new Map<string, number>();
  let others = 0;
  for (const [node, all] of runs) {
    const milliseconds = quantile(all.slice(skipped), 0.5) / 1000;
    const layer = layerOf.get(node) ?? layerOf.get(node.replace(/_token_\d+$/, "")) ?? null;
    if (layer === null) others += milliseconds;
    else layers.set(layer, (layers.get(layer) ?? 0) + milliseconds);
  }
  return { layers: [...layers].map(([layer, milliseconds]) => ({ layer, milliseconds })), others };
}
