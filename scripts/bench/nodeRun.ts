/**
 * One run of a model on samples in Node, for the benchmark: calibrates it, or runs inference alone. Prints one line of JSON.
 *   node --import ./cli/typescript.mjs scripts/bench/nodeRun.ts calibrate|plain MODEL DATA PRESET SAMPLES WARM_UP
 */
import { setTimeout } from "node:timers/promises";
import { nodeDecoders } from "../../cli/decoders.ts";
import { startAhead } from "../../cli/executorProcess.ts";
import { observingApart } from "../../cli/executors.ts";
import { dataFiles } from "../../cli/files.ts";
import { modelSource } from "../../cli/options.ts";
import { calibrate } from "../../src/engine/job/calibrate.ts";
import { openData } from "../../src/engine/job/data.ts";
import { defaultRecipe, openModel } from "../../src/engine/job/open.ts";
import { resolveRecipe } from "../../src/engine/job/quantize.ts";
import type { Preset } from "../../src/engine/model/preprocess.ts";
import { METHODS } from "../../src/engine/model/range.ts";
import { nodeRuntime } from "../../src/engine/runtime/node.ts";
import { plainInference } from "./plain.ts";

const [mode, modelPath = "", dataPath = "", preset = "", samples = "", warmUp = ""] = process.argv.slice(2);
/** More than a process takes to start. */
const STARTED_MS = 2000;
const runtime = observingApart(nodeRuntime());
const context = { signal: new AbortController().signal, report: () => undefined };
const model = await openModel(await modelSource(modelPath), { shapes: {}, values: {} }, runtime, context);
const dataset = await openData(model, await dataFiles(dataPath), preset as Preset, nodeDecoders);

async function run(count: number): Promise<{ time: number; thresholds?: number; on: string }> {
  if (mode === "plain") {
    const threads = runtime.maxThreads;
    const time = await plainInference(model, dataset, count, [runtime], threads);
    return { time, on: `1 worker, ${threads} threads` };
  }
  const start = performance.now();
  const request = { samples: count, preprocess: dataset.preprocess, resume: null, checkpoint: () => undefined };
  const calibration = await calibrate(model, dataset, request, { main: runtime, accelerator: null }, context);
  const time = performance.now() - start;
  for (const method of METHODS) resolveRecipe(model, { ...defaultRecipe(model), method }, calibration);
  const thresholds = performance.now() - start - time;
  const main = calibration.executors.toSorted((a, b) => b.samples - a.samples)[0]!;
  return { time, thresholds, on: `${main.workers} x ${main.threads} threads, batch ${main.batch}` };
}

await run(Number(warmUp));
// As the command line has two processes wait by the time a model is open; what the peer imports is not in its time either.
startAhead(2);
await setTimeout(STARTED_MS);
const result = await run(Number(samples));
console.log(JSON.stringify({ ...result, peak: process.resourceUsage().maxRSS * 1024 }));
process.exit();
