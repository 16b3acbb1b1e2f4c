import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { lastLineOf } from "./apart.ts";

export const PEER_METHODS = ["MinMax", "Entropy", "Percentile"] as const;
export type PeerMethod = (typeof PEER_METHODS)[number];

/** A run of the peer tool: milliseconds as it measures them itself, and the peak of its memory in bytes. */
export interface PeerRun {
  readonly time: number;
  readonly peak: number;
}

export interface PeerTask {
  readonly model: string;
  readonly data: string;
  readonly preset: string;
  readonly samples: number;
}

const TOOL = fileURLToPath(new URL("../../../shared/peers/ort_quantize.py", import.meta.url));
const INFERENCE = fileURLToPath(new URL("peer_inference.py", import.meta.url));
/** A Python with onnxruntime, onnx, numpy, pillow and sympy, where there is one. */
export const { OCTET_PEER_PYTHON: PEER_PYTHON = "/tmp/peer/venv/bin/python" } = process.env;

/** Why the peer tool cannot be run here; null when it can. */
export function peerMissing(): string | null {
  if (!existsSync(TOOL)) return `The peer tool is not at ${TOOL}, so nothing is compared with it.`;
  if (existsSync(PEER_PYTHON)) return null;
  return `There is no Python at ${PEER_PYTHON} (set OCTET_PEER_PYTHON to one with onnxruntime, onnx, numpy, pillow and sympy), so nothing is compared with the peer tool.`;
}

/** Calibrates and quantizes with the peer tool: ONNX Runtime's Python quantizer, preprocessing and folding included. */
export async function runPeer(method: PeerMethod, { model, data, preset, samples }: PeerTask): Promise<PeerRun> {
  const folder = mkdtempSync(join(tmpdir(), "octet-peer-"));
  const out = join(folder, "out.onnx");
  try {
    return await ask(
      ...[TOOL, model, "--data", data, "--preprocess", preset, "--samples", String(samples)],
      ...["--method", method, "--fold", "--out", out],
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Runs the same samples with the peer's session, calibrating nothing. */
export function runPeerInference({ model, data, preset, samples }: PeerTask): Promise<PeerRun> {
  return ask(INFERENCE, TOOL, model, data, preset, String(samples));
}

async function ask(...args: readonly string[]): Promise<PeerRun> {
  const { seconds, peak_mib } = await lastLineOf<{ seconds: number; peak_mib: number }>(PEER_PYTHON, args);
  return { time: seconds * 1000, peak: peak_mib * 2 ** 20 };
}
