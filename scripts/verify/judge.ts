import { execFileSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { lastLineOf } from "../bench/apart.ts";
import { PEER_PYTHON } from "../bench/peer.ts";
import { CACHE } from "./realData.ts";

export const TOOLS = fileURLToPath(new URL("../../../shared/peers/", import.meta.url));
const OCTET = fileURLToPath(new URL("../../cli/octet.mjs", import.meta.url));

export interface Task {
  /** What ../shared/peers/build_data.py calls the data. */
  readonly data: string;
  /** What ../shared/peers/judge.py calls the task; null without one. */
  readonly task: string | null;
  readonly options?: readonly string[];
}

export const TASKS: Readonly<Record<string, Task>> = {
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

/** What ../shared/peers/judge.py says of a quantized file. */
export interface Judged {
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

/** Quantizes a model with the command line as a user does, and gives the path of the one file that it wrote. Throws where it fails. */
export function quantized(float: string, folder: string, options: readonly string[]): string {
  execFileSync(process.execPath, [OCTET, "quantize", float, "--out", folder, ...options], { stdio: "pipe" });
  const [file, ...others] = readdirSync(folder).filter(
    (name) => name.endsWith(".onnx") && !/\.(equalized|smoothed)\.onnx$/.test(name),
  );
  if (file === undefined || others.length > 0) throw new Error(`${folder} has no one quantized model`);
  return join(folder, file);
}

/** What the peer's judge says of a file beside the float one, on the samples of an archive, times on one thread included. */
export function judged(float: string, quantized: string, judge: string, { task }: Task): Promise<Judged> {
  const asked = task === null ? [] : ["--task", task];
  process.env.PEER_CACHE = CACHE;
  return lastLineOf(PEER_PYTHON, [`${TOOLS}judge.py`, float, quantized, "--judge", judge, "--latency", ...asked]);
}

export function figures({ top1, top1_float, perplexity, perplexity_float }: Judged): string {
  if (top1 !== undefined) return `top-1 ${top1_float} to ${top1}`;
  return perplexity === undefined ? "" : `perplexity ${perplexity_float} to ${perplexity}`;
}

/** In what the peer is better: fidelity, the task's figure, bytes, or latency by more than 5 %. */
export function lower(ours: Judged, peer: Judged): string[] {
  const compared: readonly (readonly [string, boolean])[] = [
    ["fidelity", ours.sqnr_min < peer.sqnr_min],
    ["task", (ours.top1 ?? 0) < (peer.top1 ?? 0) || (ours.perplexity ?? 0) > (peer.perplexity ?? 0)],
    ["bytes", ours.bytes > peer.bytes],
    ["time", ours.latency_ratio > 1.05 * peer.latency_ratio],
  ];
  return compared.filter(([, isLower]) => isLower).map(([what]) => what);
}
