import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { SHARED } from "../../src/engine/testing/shared.ts";
import { lastLineOf } from "../bench/apart.ts";
import type { ServedBrowser } from "../bench/browser.ts";
import type { Row } from "../bench/part.ts";
import { PEER_PYTHON } from "../bench/peer.ts";
import { serveJudge, worstInChromium } from "./inChromium.ts";
import { figures, type Judged, judged, lower, quantized, TASKS, type Task, TOOLS } from "./judge.ts";
import { realData } from "./realData.ts";

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
  const file = quantized(float, folder, ["--data", calib.folder, "--samples", "50", ...(task.options ?? [])]);
  const ours = await judged(float, file, judge.archive, task);
  const chromium = await worstInChromium(served, { float, quantized: file, samples: judge.files.slice(0, 8) });
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

function lastLine(error: unknown): string {
  const { stderr = String(error) } = error as { readonly stderr?: string };
  return stderr.trim().split("\n").at(-1)?.slice(0, 200) ?? "";
}
