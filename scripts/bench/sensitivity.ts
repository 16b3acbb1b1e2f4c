import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { nodeDecoders } from "../../cli/decoders.ts";
import { dataFiles } from "../../cli/files.ts";
import { modelSource } from "../../cli/options.ts";
import { openData } from "../../src/engine/job/data.ts";
import { defaultRecipe, openModel } from "../../src/engine/job/open.ts";
import { sensitivity } from "../../src/engine/job/sensitivity.ts";
import { settle } from "../../src/engine/job/settle.ts";
import type { Preset } from "../../src/engine/model/preprocess.ts";
import { spearman } from "../../src/engine/numerics/ranking.ts";
import { nodeRuntime } from "../../src/engine/runtime/node.ts";
import { bruteForce } from "../../src/engine/tuning/testing/bruteForce.ts";
import type { BenchOptions, PartResult, Row } from "./part.ts";
import { atLeast, median, type Verdict } from "./verdict.ts";

const SAMPLES = 16;
const SHARED = fileURLToPath(new URL("../../../shared", import.meta.url));
const DATA = join(SHARED, "data/imagenet-mini");

const MODELS: readonly { readonly name: string; readonly preset: Preset }[] = [
  { name: "mobilenet_v1_0.75_224", preset: "imagenet-tf" },
  { name: "squeezenet1.1", preset: "imagenet" },
];

/**
 * Sensitivity against brute force, which writes, loads and runs a quantized model for each layer: how much faster, and
 * whether the two rank layers alike.
 */
export async function benchSensitivity({ quick }: BenchOptions): Promise<PartResult> {
  const title = `Sensitivity of every layer, ${SAMPLES} photographs, Node`;
  if (!existsSync(DATA)) return { title, rows: [], targets: [], notes: [`There are no photographs at ${DATA}.`] };
  const rows: Row[] = [];
  const targets: Verdict[] = [];
  for (const { name, preset } of MODELS) {
    const runs: Comparison[] = [];
    if (!quick) await compare(name, preset);
    for (let run = 0; run < (quick ? 1 : 3); run++) runs.push(await compare(name, preset));
    const [{ variants, layers, rank }] = runs as [Comparison];
    const [ours, brute] = [median(runs.map((run) => run.ours)), median(runs.map((run) => run.brute))];
    rows.push({
      model: name,
      layers,
      variants,
      "sensitivity (s)": ours / 1000,
      "brute force (s)": brute / 1000,
      faster: brute / ours,
      "Spearman of alone": rank,
    });
    targets.push(atLeast(`${name}: sensitivity of every layer, speed of brute force's`, brute / ours, 10));
  }
  return { title, rows, targets, notes: [] };
}

interface Comparison {
  readonly ours: number;
  readonly brute: number;
  readonly layers: number;
  readonly variants: number;
  readonly rank: number;
}

async function compare(name: string, preset: Preset): Promise<Comparison> {
  const runtime = nodeRuntime();
  const context = { signal: new AbortController().signal, report: () => undefined };
  const source = await modelSource(join(SHARED, "models", `${name}.onnx`));
  const model = await openModel(source, { shapes: {}, values: {} }, runtime, context);
  const dataset = await openData(model, await dataFiles(DATA), preset, nodeDecoders);
  const request = { samples: SAMPLES, calibration: null };
  const runtimes = { main: runtime, accelerator: null };
  const { recipe } = await settle(model, defaultRecipe(model), dataset, request, runtimes, context);
  const wanted = { samples: SAMPLES, untilSettled: true };
  const start = performance.now();
  const measured = await sensitivity(model, recipe, dataset, wanted, runtime, context, () => undefined);
  const middle = performance.now();
  const brute = await bruteForce(model, recipe, dataset, SAMPLES, measured, runtime);
  const end = performance.now();
  const pairs = measured.layers.flatMap(({ layer, alone }) => {
    const other = brute.layers.get(layer)?.alone;
    return other ? [[alone.sqnr, other.sqnr] as const] : [];
  });
  const { length: layers } = measured.layers;
  return { ours: middle - start, brute: end - middle, layers, variants: brute.variants, rank: spearman(pairs) };
}
