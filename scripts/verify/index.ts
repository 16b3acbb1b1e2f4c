/**
 * What is too heavy for `npm test`: every model of ../shared/models with its default recipe, into docs/verified.md, with that
 * for speed, into docs/speed.md, a model of 5 GiB, into docs/large.md, one of 2 GiB in a tab, into docs/large-in-tab.md, other browsers, into docs/browsers.md, beside the
 * peer on data built for it, into docs/models.md, in every format, into docs/formats-measured.md, a first run with Rescue, into docs/first-run.md, learned
 * rounding, into docs/learned-halves.md, drift, into docs/drift-measured.md, calibration in shards, into docs/scale-measured.md, the end-to-end tests that `npm test` leaves out, into docs/studio-verified.md, and the commands of npm that the documents name, into docs/docs-verified.md.
 * Where no parts are named, those that were measured longest ago come first, and what an hour has no room for is left to the next run and named.
 * `--models` and `--formats`, names apart by semicolons, measure these rows of formats-measured anew and leave the others.
 *   npm run verify [-- --only NAME,NAME,...], where a name is that of a document above
 */
import "../../src/engine/runtime/telemetry.ts";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { hasShared } from "../../src/engine/testing/shared.ts";
import type { Row } from "../bench/part.ts";
import { peerMissing } from "../bench/peer.ts";
import { tableLines } from "../bench/text.ts";
import { byAge, fitsTheHour } from "./hour.ts";
import { machine, measuredOn, runOf } from "./machine.ts";
import { slurmMissing } from "./scale/cluster.ts";

if (!hasShared) {
  console.error("There is nothing to verify: the models of ../shared are not here.");
  process.exit(2);
}

interface Part {
  readonly measure: () => Promise<() => Promise<Row[]>>;
  readonly head: readonly string[];
  /** Why it cannot be measured here; null where it can. */
  readonly missing?: () => string | null;
  /** The name of the document that it writes, where that is not its own. */
  readonly document?: string;
}

/** By the document that each writes, but for those that name another. */
const PARTS: Readonly<Record<string, Part>> = {
  verified: {
    measure: async () => (await import("./models.ts")).verifyModels,
    head: [
      "# Verified",
      "",
      "Written by `npm run verify`. Default recipes, calibrated on the first 32 samples and judged on the 32 after them, native ONNX Runtime.",
      "The kernels are those of the graph that ONNX Runtime made of the file. Samples of `mnist_cntk`, `ultraface_rfb320`, `fastestdet` and",
      "`ppocrv4_rec` are not what they were made for: there SQNR says how near the quantized network is to the float one, and nothing of the task.",
    ],
  },
  speed: {
    measure: async () => (await import("./speed.ts")).timeSpeed,
    head: [
      "# Written for speed",
      "",
      "Written by `npm run verify`. What `octet quantize --goal speed` writes of every model of `../shared/models` ([command-line.md](command-line.md#quantize)),",
      "timed anew beside the float model and what the default recipe writes: ONNX Runtime, natively, one sample on one thread, in rounds in turn, each",
      "the lesser of two runs; the median of the time over that of the float model in the same round, and its 95 % confidence interval. The SQNR is",
      "that of what is written for speed, on samples that did not calibrate it. `silero_vad_v5` is timed and judged on noise.",
    ],
  },
  large: {
    measure: async () => (await import("./large.ts")).quantizeLarge,
    head: [
      "# A model of 5 GiB",
      "",
      "Written by `npm run verify`. A made-up decoder of 5.46 GB of float32 weights in a file beside it (an embedding, 24 layers of width 2048, a matrix to",
      "32,000 words; `scripts/verify/decoder.ts`), quantized without data by `octet quantize` in several formats, in one process, on one thread but for scales that are searched for (hqq), which take all cores. Time is the",
      "whole command's but for running once what was written, which is a process of its own and told apart, MB are 10^6 bytes, and the memory is the most",
      "that the quantizing process held (VmHWM), beside the size of the model ([formats.md](formats.md#large-models)).",
    ],
  },
  "large-in-tab": {
    measure: async () => (await import("./largeInTab.ts")).quantizeLargeInTab,
    head: [
      "# A model of 2 GiB in a tab",
      "",
      "Written by `npm run verify`. A made-up decoder of 2.17 GB of float32 weights in a file beside it (`scripts/verify/decoder.ts`), quantized without data in the",
      "studio in Chromium, with a profile on the disk. The memory is the most that all processes of the browser together took (proportional set sizes, /proc), above",
      "what they took with the empty page, from the choice of the files to the last download. MB are 10^6 bytes. Every file is byte for byte that of `octet quantize` (of float16 by the recipe that came with it),",
      "which has run it in native ONNX Runtime ([formats.md](formats.md#large-models)).",
    ],
  },
  "webgpu-placement": {
    measure: async () => (await import("./webgpuPlacement.ts")).placeOnWebgpu,
    head: [
      "# Layers on WebGPU",
      "",
      "Written by `npm run verify`. Where ONNX Runtime Web puts the layers of every model of `../shared/models` on WebGPU (a software adapter in Chromium;",
      "what it writes to the console when it loads a file), beside what the target `ort-webgpu` says of them ([targets.md](targets.md)). Layers that make no",
      "floats, such as shapes, are left out, and those that the runtime makes one node of with another, which have no name of their own then. Formats",
      "in float16 need `shader-f16`, which that adapter lacks.",
    ],
  },
  "first-run": {
    measure: async () => (await import("./firstRun.ts")).runFirst,
    head: [
      "# A first run",
      "",
      "Written by `npm run verify`. `mobilenet_v1_0.75_224` with one scale a weight collapses; Rescue ([culprits.md](culprits.md)) takes what the list of culprits",
      "recommends until a drop of top-1 of 1 point is kept, on the samples that judge it: of each half of the 200 photographs 50 calibrate and 50 judge the steps. What it",
      "finds is calibrated on that half and judged on the other, whose photographs taught and chose nothing. Native ONNX Runtime; the time is that of opening, calibrating,",
      "evaluating, Rescue and evaluating again.",
    ],
  },
  "learned-halves": {
    measure: async () => (await import("./learnedHalves.ts")).judgeLearned,
    head: [
      "# int4 weights, learned on one half and judged on the other",
      "",
      "Written by `npm run verify`. `mobilenet_v1_0.75_224` with uint8 activations and int4 weights with a scale a channel, in native ONNX Runtime, by everything that rounds such weights: to",
      "nearest, the same with biases corrected (the default; [corrections.md](corrections.md)), learned ([rounding.md](rounding.md)), and learned and then fine-tuned ([finetuning.md](finetuning.md)).",
      "Each half of the 200 photographs of `imagenet-mini`, every second one, calibrates and teaches, and the other judges. The drop is that of top-1, with the paired 95 % interval of Bonett and",
      "Price (`numerics/interval.ts`) over the photographs of the row. Of 100 photographs that interval is several points wide; all 200 are judged by a network that has not seen them.",
    ],
  },
  browsers: {
    measure: async () => (await import("./browsers/index.ts")).tryBrowsers,
    head: [
      "# Other browsers",
      "",
      "Written by `npm run verify -- --only browsers`. The studio on a host that sends no headers, below a path, in the browsers beside Chromium: the model of the",
      "sample project with 500 samples and their labels is dropped, calibrated on the samples that are offered, evaluated on the others and downloaded; what it lacks is",
      "what a page there finds missing, and the start page has to say it. Firefox is Debian's `firefox-esr`, driven by WebDriver BiDi; WebKit is WebKitGTK's own small browser (`webkit2gtk-driver`), of which",
      "what the page hands over as a download is looked at, since its driver keeps none. The preprocessing is the one that is assumed, not the model's, so that top-1 compares the two models alone. Any alert of the page, and any error on Firefox's console, fails the run.",
    ],
  },
  models: {
    measure: async () => (await import("./peers.ts")).comparePeers,
    missing: peerMissing,
    head: [
      "# Models beside the peer's tool",
      "",
      "Written by `npm run verify`. Octet's default recipe and ONNX Runtime's Python tool (`quantize_static`, QDQ, per channel, U8S8) on the same 50",
      "real samples for all inputs, judged on 50 others on native ONNX Runtime by one program (`../shared/peers/judge.py`). The peer's best is that of",
      "highest SQNR of MinMax, Percentile, Entropy, core (Conv, ConvTranspose, Gemm and MatMul alone) and one scale a tensor. Times are of one thread,",
      "float and quantized in turn, medians of 30 runs. Kernels are those of the graph that ONNX Runtime made of the file. `lower` names in what the",
      "peer's best is better: fidelity, the task's figure, bytes, or time by more than 5 %. `superres_prepost_op18` is refused: its operators are not ONNX's.",
    ],
  },
  "drift-measured": {
    measure: async () => (await import("./drift.ts")).measureDrift,
    head: [
      "# Drift, measured",
      "",
      "Written by `npm run verify`. What `octet drift` finds of new samples beside 30 that calibrated, under ranges of least error, in native ONNX Runtime: 30 new ones where no",
      "number stands. The figure is the largest KL of any tensor, nats, with the verdict ([drift.md](drift.md)). Changed samples are the others of the same, with the values of",
      "the input changed. `mnist_cntk` is given garments, which are not what it was made for.",
    ],
  },
  scale: {
    document: "scale-measured",
    measure: async () => (await import("./scale/index.ts")).scaleOut,
    missing: slurmMissing,
    head: [
      "# Calibration in shards, measured",
      "",
      "Written by `npm run verify -- --only scale`. `octet calibrate` on the 200 photographs of `imagenet-mini` with `mobilenet_v1_0.75_224`, in native ONNX Runtime on one thread, alone and by",
      "[examples/slurm.sh](examples/slurm.sh) on a cluster of Slurm that is started for it: one node with two CPUs, this machine. Five merged calibrations were byte for byte that of one machine: three of 2 shards,",
      "side by side; one of 2, one of which was killed with the daemon of its node while it observed samples, and started again by Slurm; and one of 64, two at a time. Where shards failed, the merge was cancelled.",
      "What is otherwise fails the run, and writes nothing here. Times are processor time of the commands (user and system), which other work on the machine changes less than the clock; `by the clock` is what went by meanwhile, without",
      "Slurm's own. They are medians of three, and of merging 64 one. Estimated are, from parts that were measured here: a shard, by what opening takes and a sample, and merging, by the bytes of 2 and of 64 shards (for",
      "10,000 samples, by shards as large as the whole calibration). A network and a disk that machines share are not in them.",
    ],
  },
  studio: {
    document: "studio-verified",
    measure: async () => (await import("./studio.ts")).driveStudio,
    head: [
      "# The studio, driven at length",
      "",
      "Written by `npm run verify -- --only studio`. The end-to-end tests in a real Chromium that `npm test` leaves out because they take long; `npm run e2e` runs these and the others.",
      "A test that fails is run once more, and `result` says what became of it; `time (s)` is that of both.",
    ],
  },
  docs: {
    document: "docs-verified",
    measure: async () => (await import("./docs/index.ts")).tryCommands,
    head: [
      "# Commands of npm, run",
      "",
      "Written by `npm run verify -- --only docs`. Every command of npm that the README, CONTRIBUTING.md and `docs` name, run in a copy of the checkout that has what git has and",
      "nothing installed or built, in this order: `npm start` comes first, and installs. What was seen is what the run is held to, besides ending with 0; a command that fails fails the whole and writes",
      "nothing here. Where another command stands for one that takes too long, the row says which. Those that take a few seconds and are no step of `npm test` are run by a test too (`scripts/documents.test.ts`), as is every command of `octet`.",
    ],
  },
  "formats-measured": {
    measure: async () => {
      const { compareFormats } = await import("./formats.ts");
      return () => compareFormats(chosen);
    },
    missing: peerMissing,
    head: [
      "# Models in every format",
      "",
      "Written by `npm run verify`. The command line's default in each format, calibrated on 50 real samples where it takes data, judged on 50 others as in",
      "[models.md](models.md). Blocks are of 32 weights, 64 in nf4, where no other number is said; 2 bits, AWQ and nearest scales are of models with weights in blocks alone, other blocks of those with many.",
      "In Chromium 4 samples on WASM and 2 on WebGPU (a software adapter, small models alone), float and quantized on the same provider.",
      "The peer's row is that of highest SQNR of the same format in `../shared/golden/formats.json`; where it changed nothing, or has no such format, there is none. Its file is made",
      "anew by its tool, judged on the same samples as ours (those of ppocrv4_rec are texts in the fonts that a machine has, and give 40.9 dB in one place and 43.6 in another of the same file) and",
      "timed in turn with ours and the float model: rounds on one thread, each the lesser of two runs, medians of the ratios in a round, `of its time` with its 95 % confidence interval.",
      "Where the tool cannot make it here (torch), all of it is of the golden file, its time marked `elsewhere` and not compared. `lower` names in what the peer is better, as in",
      "[models.md](models.md). `measured` has the day, the machine's load, and the machine where it is another. A row is measured anew where `file`, the first digits of the SHA-256 of ONNX Runtime's",
      "version and the file, changed; others are kept from the day they name, or, where they name none, from the run that is named below.",
      "A time is `pending` where the machine was too busy to measure one. Where `of its time` is empty the peer's time is of another day, and is not compared.",
    ],
  },
};

const { values } = parseArgs({
  options: { only: { type: "string" }, models: { type: "string" }, formats: { type: "string" } },
});
const named = (list: string | undefined) => list?.split(";") ?? null;
const chosen = { models: named(values.models), formats: named(values.formats) };
const wanted = values.only?.split(",") ?? Object.keys(PARTS);
const unknown = wanted.filter((name) => !(name in PARTS));
if (unknown.length > 0) {
  console.error(`There is no part ${unknown.join(", ")}, but ${Object.keys(PARTS).join(", ")}.`);
  process.exit(2);
}

const pathOf = (name: string) =>
  fileURLToPath(new URL(`../../docs/${PARTS[name]!.document ?? name}.md`, import.meta.url));
const parts = wanted.map((name) => ({
  name,
  run: existsSync(pathOf(name)) ? runOf(measuredOn(readFileSync(pathOf(name), "utf8"))) : null,
}));
const left: string[] = [];
let begun = 0;
for (const part of values.only ? parts : byAge(parts)) {
  const { measure, head, missing } = PARTS[part.name]!;
  const reason = missing?.() ?? null;
  if (reason) console.error(`${reason} ${pathOf(part.name)} stays as it is.`);
  else if (!values.only && !fitsTheHour(part, performance.now() / 1000, begun === 0)) left.push(part.name);
  else {
    begun++;
    await write(pathOf(part.name), await measure(), head);
  }
}
if (left.length > 0) {
  console.log(
    `The hour has no room for ${left.join(", ")}: npm run verify -- --only ${left.join(",")}, or the next run.`,
  );
}

async function write(path: string, measure: () => Promise<Row[]>, head: readonly string[]): Promise<void> {
  const isPart = path.endsWith("formats-measured.md") && (chosen.models !== null || chosen.formats !== null);
  const start = performance.now();
  const rows = await measure();
  const seconds = Math.round((performance.now() - start) / 1000);
  const whole = `${machine()}; ${new Date().toISOString().slice(0, 10)}; ${seconds} s.`;
  const line = isPart ? measuredOn(readFileSync(path, "utf8")) : whole;
  const text = [...head, "", line, "", ...tableLines(rows)].join("\n");
  writeFileSync(path, text);
  console.log(text);
}
