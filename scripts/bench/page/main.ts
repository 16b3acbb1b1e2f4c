import { wrap } from "comlink";
import type { Execution } from "../../../src/engine/model/calibration.ts";
import type { Preset } from "../../../src/engine/model/preprocess.ts";
import { METHODS, type Range } from "../../../src/engine/model/range.ts";
import type { Recipe } from "../../../src/engine/model/recipe.ts";
import type { ModelSummary } from "../../../src/engine/model/summary.ts";
import { proxy, startEngine } from "../../../workers/client.ts";
import type { Calibration, PathFile } from "../../../workers/protocol.ts";
import type { PlainApi } from "./plain.worker.ts";

/**
 * What the benchmark calls in the page: the workers of the built studio behind their own protocol, without the studio.
 * Times are milliseconds from a call to its answer.
 */
const engine = startEngine();
const none = { shapes: {}, values: {}, state: {} };
const AS_IT_IS = {
  corrections: { equalization: false, bias: "none" },
  factors: null,
  preprocess: null,
  seed: null,
} as const;
const ignore = proxy(() => undefined);
let summary: ModelSummary | null = null;

function chosen(id: string): PathFile[] {
  const input = document.querySelector<HTMLInputElement>(`#${id}`);
  return [...(input?.files ?? [])].map((file) => ({ path: file.name, file }));
}

async function timed<T>(work: () => Promise<T>): Promise<{ readonly result: T; readonly time: number }> {
  const start = performance.now();
  const result = await work();
  return { result, time: performance.now() - start };
}

/** A recipe that needs no data, and a calibration that saw none. */
function withoutData(model: ModelSummary, recipe: Recipe): { recipe: Recipe; calibration: Calibration } {
  const ranges = model.groups.map(({ id, fixed, bounds }): [string, Range] => [
    id,
    fixed ?? { low: Math.max(bounds?.low ?? -3, -3), high: 3 },
  ]);
  const corrections = { equalization: false, bias: "none" } as const;
  return {
    recipe: { ...recipe, corrections, resolved: Object.fromEntries(ranges) },
    calibration: {
      model: recipe.model,
      equalized: false,
      statistics: new Map(),
      observed: [],
      skipped: [],
      wanted: 0,
      preprocess: null,
      seed: null,
      prints: null,
      executors: [],
      notices: [],
    },
  };
}

const bench = {
  async open(): Promise<number> {
    const [model] = chosen("model");
    if (!model) throw new Error("no model was chosen");
    const { result, time } = await timed(() =>
      engine.call((api) => api.open(model.file, model.path, [], none, ignore, ignore)),
    );
    summary = result;
    return time;
  },
  async data(preset: Preset): Promise<number> {
    await engine.call((api) => api.setData(chosen("data"), { preprocess: null, seed: null }, ignore));
    const preprocess = await engine.call((api) => api.preset(preset));
    const { summary: data } = await engine.call((api) =>
      api.setData(chosen("data"), { preprocess, seed: null }, ignore),
    );
    return data!.samples;
  },
  async calibrate(samples: number, execution: Execution) {
    const { result, time } = await timed(() =>
      engine.call((api) => api.calibrate(AS_IT_IS, samples, null, execution, null, ignore, ignore)),
    );
    const { time: thresholds } = await timed(async () => {
      const recipe = await engine.call((api) => api.defaultRecipe());
      for (const method of METHODS) await engine.call((api) => api.resolve({ ...recipe, method }, result, ignore));
    });
    return { time, thresholds, observed: result.observed.length, executors: result.executors };
  },
  /** Milliseconds of inference alone, after a warm-up. */
  async plain(preset: Preset, samples: number, warmUp: number, workers: number, threads: number): Promise<number> {
    const worker = new Worker(new URL("./plain.worker.ts", import.meta.url), { type: "module" });
    const plain = wrap<PlainApi>(worker);
    await plain.open(chosen("model")[0]!);
    await plain.run(chosen("data"), preset, warmUp, workers, threads);
    return plain.run(chosen("data"), preset, samples, workers, threads);
  },
  /** Quantizes and exports everything; the recipe needs no data. */
  async export() {
    if (!summary) throw new Error("no model is open");
    const first = await engine.call((api) => api.defaultRecipe());
    const { recipe, calibration } = withoutData(summary, first);
    const { result, time } = await timed(() =>
      engine.call((api) => api.exportFiles(recipe, calibration, null, null, null, ignore)),
    );
    return { time, bytes: result.zip.size, weights: summary.parameters * 4 };
  },
};

export type PageBench = typeof bench;
Object.assign(window, { bench });
