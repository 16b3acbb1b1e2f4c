import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { SHARED } from "../../src/engine/testing/shared.ts";
import { lastLineOf } from "../bench/apart.ts";
import type { ServedBrowser } from "../bench/browser.ts";
import type { Row } from "../bench/part.ts";
import { PEER_PYTHON } from "../bench/peer.ts";
import { serveJudge, worstInChromium } from "./inChromium.ts";
import { CACHE, realData } from "./realData.ts";

const TOOLS = fileURLToPath(new URL("../../../shared/peers/", import.meta.url));
const OCTET = fileURLToPath(new URL("../../cli/octet.mjs", import.meta.url));

interface Task {
  /** What ../shared/peers/build_data.py calls the data. */
  readonly data: string;
  /** What ../shared/peers/judge.py calls the task; null without one. */
  readonly task: string | null;
  readonly options?: readonly string[];
}

const TASKS: Readonly<Record<string, Task>> = {
  "squeezenet1.1": { data: "squeezenet", task: "imagenet" },
  "mobilenet_v1_0.75_224": { data: "mobilenet", task: "imagenet-tf" },
  ultraface_rfb320: { data: "ultraface", task: null },
  fastestdet: { data: "fastestdet", task: null },
  ppocrv4_rec: { data: "ppocr_rec", task: null },
  mnist_cntk: { data: "mnist", task: "mnist" },
  fmnist_dw_folded: { data: "fmnist", task: "fmnist" },
  fmnist_dw_bn: { data: "fmnist", task: "fmnist" },
  stories260K: { data: "stories", task: "lm" },
  silero_vad_v5: { data: "silero_v5", task: null, options: ["--input", "sr=16000"] },
};

/** The peer's settings that are tried: its tool's format, and what else it is told. */
const PEER: Readonly<Record<string, readonly string[]>> = {
  MinMax: ["static", "--method", "MinMax"],
  Percentile: ["static", "--method", "Percentile"],
  Entropy: ["static", "--method", "Entropy"],
  core: ["static-core"],
  "per tensor": ["static-pt"],
};
/** Below opset 13 it writes files that do not load. */
const RAISED = ["--raise-opset", "13"];

/** What ../shared/peers/judge.py says of a quantized file. */
interface Judged {
  readonly sqnr_db: Readonly<Record<string, number>>;
  readonly sqnr_min: number;
  readonly bytes: number;
  readonly bytes_float: number;
  readonly latency_ratio: number;
  readonly placement: {
    readonly integer_total: number;
    readonly float_heavy: Readonly<Record<string, number>>;
    readonly q: number;
    readonly dq: number;
  };
  readonly top1?: number;
  readonly top1_float?: number;
  readonly perplexity?: number;
  readonly perplexity_float?: number;
}

/** Every model on real data, beside the best that the peer's tool makes of it: by fidelity, of four of its settings. */
export async function comparePeers(): Promise<Row[]> {
  const served = await serveJudge();
  const folder = mkdtempSync(join(tmpdir(), "octet-models-"));
  try {
    const rows: Row[] = [];
    for (const [model, task] of Object.entries(TASKS)) {
      console.error(`  ${model} beside the peer`);
      rows.push(await rowOf(model, task, join(folder, model), served));
    }
    return rows;
  } finally {
    rmSync(folder, { recursive: true, force: true });
    await served.close();
  }
}

async function rowOf(model: string, task: Task, folder: string, served: ServedBrowser): Promise<Row> {
  const float = `${SHARED}models/${model}.onnx`;
  const { calib, judge } = realData(model, task.data);
  execFileSync(
    process.execPath,
    [OCTET, "quantize", float, "--data", calib.folder, "--samples", "50", "--out", folder, ...(task.options ?? [])],
    { stdio: "ignore" },
  );
  const quantized = join(folder, readdirSync(folder).find((name) => name.endsWith(".int8.onnx")) ?? "");
  const ours = await judged(float, quantized, judge.archive, task);
  const chromium = await worstInChromium(served, { float, quantized, samples: judge.files.slice(0, 8) });
  const peers = await peersOf(float, folder, calib.archive, judge.archive, task);
  const [best] = peers.sort(([, a], [, b]) => b.sqnr_min - a.sqnr_min);
  return {
    model,
    "integer kernels": ours.placement.integer_total,
    "float kernels that multiply": Object.values(ours.placement.float_heavy).reduce((sum, n) => sum + n, 0),
    "SQNR by output (dB)": Object.values(ours.sqnr_db)
      .map((value) => value.toFixed(1))
      .join(", "),
    "in Chromium, worst of 8 samples (dB)": chromium,
    ...(best ? { "peer's best": best[0], "its worst (dB)": best[1].sqnr_min } : { "peer's best": "changed nothing" }),
    task: figures(ours),
    "peer's": best ? figures(best[1]) : "",
    kB: `${Math.round(ours.bytes_float / 1e3)} to ${Math.round(ours.bytes / 1e3)}`,
    "peer's kB": best ? Math.round(best[1].bytes / 1e3) : "",
    "time of float's": ours.latency_ratio,
    "peer's time": best ? best[1].latency_ratio : "",
    lower: best ? lower(ours, best[1]).join(", ") : "",
  };
}

async function peersOf(
  float: string,
  folder: string,
  calibration: string,
  judge: string,
  task: Task,
): Promise<[name: string, judged: Judged][]> {
  const made: [string, Judged][] = [];
  for (const [name, settings] of Object.entries(PEER)) {
    const [format = "", ...options] = settings;
    const out = join(folder, `${name}.onnx`);
    const asked = [float, format, out, "--calib", calibration, ...RAISED, ...options];
    try {
      await lastLineOf(PEER_PYTHON, [`${TOOLS}baselines.py`, ...asked], dirname(out));
      const result = await judged(float, out, judge, task);
      if (result.placement.q + result.placement.dq + result.placement.integer_total > 0) made.push([name, result]);
    } catch (error) {
      console.error(`    its ${name} fails: ${lastLine(error)}`);
    }
  }
  return made;
}

function judged(float: string, quantized: string, judge: string, { task }: Task): Promise<Judged> {
  const asked = task === null ? [] : ["--task", task];
  process.env.PEER_CACHE = CACHE;
  return lastLineOf(PEER_PYTHON, [`${TOOLS}judge.py`, float, quantized, "--judge", judge, "--latency", ...asked]);
}

function lastLine(error: unknown): string {
  const { stderr = String(error) } = error as { readonly stderr?: string };
  return stderr.trim().split("\n").at(-1)?.slice(0, 200) ?? "";
}

function figures({ top1, top1_float, perplexity, perplexity_float }: Judged): string {
  if (top1 !== undefined) return `top-1 ${top1_float} to ${top1}`;
  return perplexity === undefined ? "" : `perplexity ${perplexity_float} to ${perplexity}`;
}

/** In what the peer's best is better: fidelity, the task's figure, bytes, or latency by more than 5 %. */
function lower(ours: Judged, peer: Judged): string[] {
  const compared: readonly (readonly [string, boolean])[] = [
    ["fidelity", ours.sqnr_min < peer.sqnr_min],
    ["task", (ours.top1 ?? 0) < (peer.top1 ?? 0) || (ours.perplexity ?? 0) > (peer.perplexity ?? 0)],
    ["bytes", ours.bytes > peer.bytes],
    ["time", ours.latency_ratio > 1.05 * peer.latency_ratio],
  ];
  return compared.filter(([, isLower]) => isLower).map(([what]) => what);
}
