/**
 * Sensitivity against brute force, which writes, loads and runs a quantized model for each layer: how much faster, and
 * whether the two rank layers alike.
 *   npx tsx scripts/bench-sensitivity.ts MODEL DATA PRESET [SAMPLES] [--per-tensor] [--every-sample]
 */
import { basename } from "node:path";
import { nodeDecoders } from "../cli/decoders.ts";
import { dataFiles } from "../cli/files.ts";
import { modelSource } from "../cli/options.ts";
import { openData } from "../src/engine/job/data.ts";
import { defaultRecipe, openModel } from "../src/engine/job/open.ts";
import { sensitivity } from "../src/engine/job/sensitivity.ts";
import { settle } from "../src/engine/job/settle.ts";
import type { Preset } from "../src/engine/model/preprocess.ts";
import type { Sensitivity } from "../src/engine/model/sensitivity.ts";
import { spearman } from "../src/engine/numerics/ranking.ts";
import { nodeRuntime } from "../src/engine/runtime/node.ts";
import { bruteForce } from "../src/engine/tuning/testing/bruteForce.ts";

const options = process.argv.slice(2).filter((argument) => argument.startsWith("--"));
const [modelPath = "", dataPath = "", preset = "", count = "16"] = process.argv
  .slice(2)
  .filter((argument) => !argument.startsWith("--"));
const samples = Number(count);
const untilSettled = !options.includes("--every-sample");
const runtime = nodeRuntime();
const context = { signal: new AbortController().signal, report: () => undefined };

const model = await openModel(await modelSource(modelPath), { shapes: {}, values: {} }, runtime, context);
const dataset = await openData(model, await dataFiles(dataPath), preset as Preset, nodeDecoders);
const wanted = {
  ...defaultRecipe(model),
  weights: { type: "int8", granularity: options.includes("--per-tensor") ? "tensor" : "channel" },
} as const;
const { recipe } = await settle(model, wanted, dataset, { samples, calibration: null }, runtime, context);

/** Wall-clock and processor seconds of a job: on a busy machine only the second can be compared. */
async function timed<T>(job: () => Promise<T>) {
  const [start, before] = [performance.now(), process.cpuUsage()];
  const result = await job();
  const { user, system } = process.cpuUsage(before);
  return { result, wall: (performance.now() - start) / 1000, processor: (user + system) / 1e6 };
}

let early: Sensitivity | null = null;
const onResult = (partial: Sensitivity) => {
  if (partial.samples === 1) early = partial;
};
const sensible = await timed(() =>
  sensitivity(model, recipe, dataset, { samples, untilSettled }, runtime, context, onResult),
);
const brutal = await timed(() => bruteForce(model, recipe, dataset, samples, sensible.result, runtime));
const [measured, brute] = [sensible.result, brutal.result];

const name = basename(modelPath);
const runs = measured.layers.reduce((sum, { weights }) => sum + (weights ? 4 : 2), 0);
console.log(`${name}, ${measured.samples} of ${samples} samples, ${measured.layers.length} layers, ${runtime.label}`);
const spent = ({ wall, processor }: { wall: number; processor: number }) =>
  `${wall.toFixed(2)} s (${processor.toFixed(2)} s of processor time)`;
console.log(
  `  sensitivity: ${spent(sensible)} for ${runs} variants, ${(measured.kept.bytes / 1e6).toFixed(1)} MB kept`,
);
console.log(`  brute force: ${spent(brutal)} for ${brute.variants} variants`);
for (const kind of ["wall", "processor"] as const) {
  console.log(`  faster by ${kind} time: ${(brutal[kind] / sensible[kind]).toFixed(1)}`);
}
const known = measured.layers.filter(({ layer }) => brute.layers.has(layer));
const KINDS = ["weights", "activations", "alone", "without"] as const;
const pairs = (kind: (typeof KINDS)[number]) =>
  known.flatMap((layer) => {
    const other = brute.layers.get(layer.layer)?.[kind];
    const own = layer[kind];
    return own && other ? [[own.sqnr, other.sqnr] as const] : [];
  });
for (const kind of KINDS) {
  const both = pairs(kind);
  const furthest = Math.max(...both.map(([a, b]) => Math.abs(a - b)));
  console.log(
    `  ${kind}: Spearman ${spearman(both).toFixed(4)} over ${both.length} layers, furthest apart ${furthest.toFixed(3)} dB`,
  );
}
const first = early as Sensitivity | null;
const ranked = (first?.layers ?? []).flatMap(({ layer, alone }) => {
  const other = brute.layers.get(layer)?.alone;
  return other ? [[alone.sqnr, other.sqnr] as const] : [];
});
console.log(
  `  after one sample, ${first?.seconds.toFixed(2)} s: alone ranked with Spearman ${spearman(ranked).toFixed(4)}`,
);
console.log(`  all: ${measured.all.sqnr.toFixed(3)} dB, brute ${brute.all.sqnr.toFixed(3)} dB`);
if (options.includes("--list")) {
  for (const { layer, weights, activations, alone, without } of measured.layers) {
    const other = brute.layers.get(layer);
    const text = (value: number | undefined) => (value === undefined ? "-" : value.toFixed(2)).padStart(8);
    console.log(
      `  ${text(weights?.sqnr)}${text(activations.sqnr)}${text(alone.sqnr)} (${text(other?.alone?.sqnr)})${text(without.sqnr)} (${text(other?.without?.sqnr)})  ${layer}`,
    );
  }
}
