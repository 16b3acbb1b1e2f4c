import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Page } from "@playwright/test";
import type { Preset } from "../../src/engine/model/preprocess.ts";
import { lastLineOf } from "./apart.ts";
import { type ServedBrowser, serveBenchPage } from "./browser.ts";
import { type Contender, interleave, type Measured, type Outcome } from "./contenders.ts";
import { treeMemory, watchPeak } from "./memory.ts";
import type { BenchOptions, PartResult, Row } from "./part.ts";
import { PEER_METHODS, type PeerTask, peerMissing, runPeer, runPeerInference } from "./peer.ts";
import { atLeast, atMost, median, type Verdict } from "./verdict.ts";

const SAMPLES = 100;
const WARM_UP = 8;
const SHARED = fileURLToPath(new URL("../../../shared", import.meta.url));
const DATA = join(SHARED, "data/imagenet-mini");
const TYPESCRIPT = new URL("../../cli/typescript.mjs", import.meta.url).href;
const NODE_RUN = fileURLToPath(new URL("nodeRun.ts", import.meta.url));

const MODELS: readonly { readonly name: string; readonly preset: Preset }[] = [
  { name: "mobilenet_v1_0.75_224", preset: "imagenet-tf" },
  { name: "squeezenet1.1", preset: "imagenet" },
];

/** Calibration of two models on 100 photographs: in Chromium, in Node, and by the peer tool. */
export async function benchCalibration(options: BenchOptions): Promise<PartResult> {
  const rows: Row[] = [];
  const targets: Verdict[] = [];
  const missing = peerMissing();
  const notes = missing ? [missing] : [];
  const title = `Calibration on ${SAMPLES} photographs, decoding included`;
  if (!existsSync(DATA)) return { title, rows, targets, notes: [`There are no photographs at ${DATA}.`] };
  const served = await serveBenchPage();
  try {
    for (const { name, preset } of MODELS) {
      const task = { model: join(SHARED, "models", `${name}.onnx`), data: DATA, preset, samples: SAMPLES };
      const say = (text: string) => console.error(`  ${name}, ${text}`);
      const outcomes = await interleave(contendersFor(task, served, options, !missing), say);
      rows.push(...rowsOf(name, outcomes));
      targets.push(...verdictsOf(name, outcomes));
      for (const { name: who, failure } of outcomes.values()) if (failure) notes.push(`${name}, ${who}: ${failure}`);
    }
  } finally {
    await served.close();
  }
  return { title, rows, targets, notes };
}

function contendersFor(task: PeerTask, served: ServedBrowser, { quick }: BenchOptions, peer: boolean): Contender[] {
  const runs = quick ? 1 : 3;
  const slow = quick ? 1 : 2;
  const inPage = (name: string, work: (page: Page) => Promise<PageRun>): Contender => ({
    name,
    runs,
    run: () => runInPage(served, task, work),
    peak: () => peakInPage(served, task, work),
  });
  const node = (name: string, mode: string): Contender => ({ name, runs, run: () => runInNode(mode, task) });
  const peers: Contender[] = PEER_METHODS.map((method) => ({
    name: `peer ${method}`,
    runs: method === "MinMax" ? runs : slow,
    run: () => runPeer(method, task),
  }));
  return [
    inPage("WASM, 1 worker", (page) => calibrateIn(page, task, 1)),
    inPage("WASM, 2 workers", (page) => calibrateIn(page, task, 2)),
    inPage("WASM, 1 worker, inference only", (page) => plainIn(page, task, 1)),
    inPage("WASM, 2 workers, inference only", (page) => plainIn(page, task, 2)),
    node("Node", "calibrate"),
    node("Node, inference only", "plain"),
    ...(peer ? [...peers, { name: "peer inference only", runs: slow, run: () => runPeerInference(task) }] : []),
  ];
}

type PageRun = Omit<Measured, "peak">;

async function runInPage<T>(
  { newPage }: ServedBrowser,
  { model, data, samples }: PeerTask,
  work: (page: Page) => Promise<T>,
): Promise<T> {
  const page = await newPage();
  try {
    const photographs = readdirSync(data)
      .filter((name) => /\.jpe?g$/i.test(name))
      .sort()
      .slice(0, samples);
    await page.locator("#model").setInputFiles(model);
    await page.locator("#data").setInputFiles(photographs.map((name) => join(data, name)));
    await page.waitForTimeout(500);
    return await work(page);
  } finally {
    await page.close();
  }
}

/** The peak of a run above the empty page, in bytes. */
function peakInPage(served: ServedBrowser, task: PeerTask, work: (page: Page) => Promise<PageRun>): Promise<number> {
  return runInPage(served, task, async (page) => {
    const empty = treeMemory(served.pid);
    const watch = watchPeak(served.pid);
    await work(page);
    return watch.stop() - empty;
  });
}

async function calibrateIn(page: Page, { preset, samples }: PeerTask, workers: number): Promise<PageRun> {
  const { time, thresholds, executors } = await page.evaluate(
    async ({ preset, workers, samples, warmUp }) => {
      await window.bench.open();
      await window.bench.data(preset as Preset);
      const execution = { provider: "wasm", workers, threads: 1, batch: null } as const;
      await window.bench.calibrate(warmUp, execution);
      return window.bench.calibrate(samples, execution);
    },
    { preset, workers, samples, warmUp: WARM_UP },
  );
  const [main] = executors.toSorted((a, b) => b.samples - a.samples);
  return { time, thresholds, on: main ? `${main.workers} x ${main.threads} threads, batch ${main.batch}` : "" };
}

async function plainIn(page: Page, { preset, samples }: PeerTask, workers: number): Promise<PageRun> {
  const time = await page.evaluate(
    ({ preset, samples, warmUp, workers }) => window.bench.plain(preset as Preset, samples, warmUp, workers, 1),
    { preset, samples, warmUp: WARM_UP, workers },
  );
  return { time, on: `${workers} x 1 threads, batch 1` };
}

async function runInNode(mode: string, { model, data, preset, samples }: PeerTask): Promise<Measured> {
  const args = [mode, model, data, preset, String(samples), String(WARM_UP)];
  return lastLineOf(process.execPath, ["--import", TYPESCRIPT, NODE_RUN, ...args]);
}

function rowsOf(model: string, outcomes: ReadonlyMap<string, Outcome>): Row[] {
  return [...outcomes.values()].map(({ name, measured, peaks, failure }) => ({
    model,
    what: name,
    "time (s)": failure ? "failed" : median(measured.map(({ time }) => time)) / 1000,
    "thresholds of every method (s)":
      measured[0]?.thresholds === undefined ? "" : median(measured.map(({ thresholds = 0 }) => thresholds)) / 1000,
    "peak memory (MB)": failure ? "" : median(peaks) / 1e6,
    on: measured.at(-1)?.on ?? "",
    runs: measured.length,
  }));
}

function verdictsOf(model: string, outcomes: ReadonlyMap<string, Outcome>): Verdict[] {
  const time = (name: string) => median((outcomes.get(name)?.measured ?? []).map((run) => run.time));
  const peak = (name: string) => median(outcomes.get(name)?.peaks ?? []);
  const whole = (name: string) =>
    median((outcomes.get(name)?.measured ?? []).map((run) => run.time + (run.thresholds ?? 0)));
  const ratio = (name: string, base: string) => time(name) / time(base);
  const above = (name: string, base: string) => Math.max(0, peak(name) - peak(base));
  const wasm = time("WASM, 1 worker") < time("WASM, 2 workers") ? "WASM, 1 worker" : "WASM, 2 workers";
  const memory = above(wasm, `${wasm}, inference only`) / above("peer Entropy", "peer inference only");
  const verdicts = [
    atMost(
      `${model}: ${wasm}, every method's thresholds, of the peer's time for Entropy`,
      whole(wasm) / time("peer Entropy"),
      0.25,
    ),
    atMost(`${model}: ${wasm}, of the peer's memory for Entropy, above inference only`, memory, 0.1),
    atMost(
      `${model}: Node, every method's thresholds, of the peer's time for MinMax`,
      whole("Node") / time("peer MinMax"),
      1,
    ),
    atMost(`${model}: WASM, 1 worker, of inference only`, ratio("WASM, 1 worker", "WASM, 1 worker, inference only"), 2),
    atMost(
      `${model}: WASM, 2 workers, of inference only`,
      ratio("WASM, 2 workers", "WASM, 2 workers, inference only"),
      2,
    ),
    atLeast(`${model}: WASM, speed of 2 workers, of 1`, ratio("WASM, 1 worker", "WASM, 2 workers"), 1.4),
  ];
  return verdicts.filter(({ measured }) => !Number.isNaN(measured));
}
