import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { cpus, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { env } from "onnxruntime-node";
import { medianInterval, quantile } from "../../src/engine/numerics/interval.ts";
import { SHARED } from "../../src/engine/testing/shared.ts";
import { lastLineOf } from "../bench/apart.ts";
import type { ServedBrowser } from "../bench/browser.ts";
import type { Row } from "../bench/part.ts";
import { PEER_PYTHON } from "../bench/peer.ts";
import { SOFTWARE_ADAPTER, serveJudge, worstInChromium } from "./inChromium.ts";
import { figures, type Judged, judged, lower, quantized, TASKS, type Task } from "./judge.ts";
import { machine, measuredNow, measuredOn, measuredThen } from "./machine.ts";
import { peerFile } from "./peerFormats.ts";
import { type RealData, realData } from "./realData.ts";

interface Format {
  readonly options: readonly string[];
  /** Whether what it writes depends on samples that it is given. */
  readonly takesData: boolean;
  /** The peer's rows of the same format in ../shared/golden/formats.json. */
  readonly peers: readonly string[];
  /** The models that it is measured on; all where it is left out. */
  readonly on?: readonly string[];
}

const DATA_FREE = { takesData: false } as const;
const blocks = (...more: readonly string[]) => ["--format", "weights", "--block", "32", ...more];
const u4 = (block: number, ...more: readonly string[]) => {
  const type = ["--format", "weights", "--weights", "u4", "--operator", "matmulnbits"];
  return [...type, "--block", `${block}`, ...more];
};

/** Models with weights in blocks: what no blocks fit is in other formats the same as in uint4. */
const WITH_BLOCKS = ["ppocrv4_rec", "mnist_cntk", "fmnist_dw_folded", "fmnist_dw_bn", "stories260K"];
/** Those of them with many such layers. */
const MANY_BLOCKS = ["ppocrv4_rec", "stories260K"];

const FORMATS: Readonly<Record<string, Format>> = {
  "qdq u8": {
    options: [],
    takesData: true,
    peers: ["static", "static-percentile", "static-entropy", "static-core", "static-pt"],
  },
  "qdq s8": { options: ["--activations", "s8"], takesData: true, peers: ["s8s8"] },
  "qdq u16": { options: ["--activations", "u16"], takesData: true, peers: ["a16"] },
  "qdq s16": { options: ["--activations", "s16"], takesData: true, peers: ["a16s"] },
  qoperator: { options: ["--format", "qoperator"], takesData: true, peers: ["qop", "qop-pt"] },
  dynamic: { options: ["--format", "dynamic"], ...DATA_FREE, peers: ["dynamic", "dynamic-sub"] },
  "weights u8, blocks, MatMulNBits": {
    options: blocks("--weights", "u8", "--operator", "matmulnbits"),
    ...DATA_FREE,
    peers: ["int8-wo"],
  },
  "weights u4, blocks, MatMulNBits": {
    options: blocks("--weights", "u4", "--operator", "matmulnbits"),
    ...DATA_FREE,
    peers: ["int4-sym", "int4-asym", "int4-hqq", "int4-kquant-torch", "int4-gather-21"],
  },
  "weights s4, blocks, DequantizeLinear": {
    options: blocks("--weights", "s4"),
    ...DATA_FREE,
    peers: ["int4-qdq-21"],
  },
  "weights u4, blocks, MatMulNBits, GPTQ": {
    options: blocks("--weights", "u4", "--operator", "matmulnbits", "--algorithm", "gptq"),
    takesData: true,
    peers: ["int4-gptq-mended", "int4-gptq-torch"],
  },
  "weights u4, blocks, MatMulNBits, AWQ": {
    options: u4(32, "--algorithm", "awq"),
    takesData: true,
    peers: [],
    on: WITH_BLOCKS,
  },
  "weights u4, blocks, MatMulNBits, nearest": {
    options: u4(32, "--algorithm", "nearest"),
    ...DATA_FREE,
    peers: ["int4-asym"],
    on: WITH_BLOCKS,
  },
  "weights u4, blocks of 16, MatMulNBits": { options: u4(16), ...DATA_FREE, peers: [], on: MANY_BLOCKS },
  "weights u4, blocks of 64, MatMulNBits": { options: u4(64), ...DATA_FREE, peers: [], on: MANY_BLOCKS },
  "weights u4, blocks of 128, MatMulNBits": { options: u4(128), ...DATA_FREE, peers: [], on: MANY_BLOCKS },
  "weights u4, blocks of 256, MatMulNBits": { options: u4(256), ...DATA_FREE, peers: [], on: MANY_BLOCKS },
  "weights u2, blocks, MatMulNBits": {
    options: blocks("--weights", "u2", "--operator", "matmulnbits"),
    ...DATA_FREE,
    peers: [],
    on: WITH_BLOCKS,
  },
  "weights s2, blocks, DequantizeLinear": {
    options: blocks("--weights", "s2"),
    ...DATA_FREE,
    peers: [],
    on: WITH_BLOCKS,
  },
  "weights codebook256": {
    options: ["--format", "weights", "--weights", "codebook256"],
    ...DATA_FREE,
    peers: [],
  },
  "weights codebook16": {
    options: ["--format", "weights", "--weights", "codebook16"],
    ...DATA_FREE,
    peers: [],
  },
  "weights nf4": {
    options: ["--format", "weights", "--weights", "nf4", "--block", "64"],
    ...DATA_FREE,
    peers: [],
  },
  float16: { options: ["--format", "float16"], takesData: true, peers: ["fp16"] },
  bfloat16: { options: ["--format", "bfloat16"], ...DATA_FREE, peers: [] },
  float8: { options: ["--format", "float8"], takesData: true, peers: [] },
  q4f16: { options: ["--format", "q4f16"], ...DATA_FREE, peers: ["q4f16"] },
};

/** Models small enough for WebGPU on a software adapter. */
const ON_WEBGPU: ReadonlySet<string> = new Set(["mnist_cntk", "fmnist_dw_folded", "stories260K"]);

type Golden = Readonly<Record<string, Readonly<Record<string, Partial<Judged> & { readonly unchanged?: boolean }>>>>;

/** Which rows are measured; null for all of them. */
export interface Chosen {
  readonly models: readonly string[] | null;
  readonly formats: readonly string[] | null;
}

const DOCUMENT = fileURLToPath(new URL("../../docs/formats-measured.md", import.meta.url));
const TIMES = fileURLToPath(new URL("time_in_turn.py", import.meta.url));
const SECONDS = 6;
const PENDING = "pending";
/** How often it is looked whether the machine is busy, a tenth of a second apart. */
const LOOKS = 20;

const floatOf = (model: string) => `${SHARED}models/${model}.onnx`;

/**
 * Every model in every format, or those chosen, run natively and in Chromium, beside the peer's row of the same format and timed in turn with the
 * file that its tool makes of it now. Rows that are not chosen stay as the document has them, and where none are chosen those whose file, and the
 * runtime that runs it, are the same to the byte.
 */
export async function compareFormats({ models, formats }: Chosen): Promise<Row[]> {
  const document = readFileSync(DOCUMENT, "utf8");
  const before = rowsOf(document);
  const isWhole = models === null && formats === null;
  const golden = JSON.parse(readFileSync(`${SHARED}golden/formats.json`, "utf8")) as { readonly models: Golden };
  const served = await serveJudge(SOFTWARE_ADAPTER);
  const folder = mkdtempSync(join(tmpdir(), "octet-formats-"));
  try {
    const rows: Row[] = [];
    for (const [model, task] of Object.entries(TASKS)) {
      for (const [name, format] of Object.entries(FORMATS)) {
        if (format.on && !format.on.includes(model)) continue;
        const known = before.find((row) => row.model === model && row.format === name);
        if (!(models?.includes(model) ?? true) || !(formats?.includes(name) ?? true)) {
          if (known) rows.push(known);
          continue;
        }
        console.error(`  ${model} as ${name}`);
        const data = realData(model, task.data);
        const out = join(folder, `${rows.length}`);
        const made = written(model, task, format, data, out);
        const isKnown = isWhole && made.print !== "" && known?.file === made.print;
        if (isKnown && known["time of float's"] !== PENDING) {
          rows.push({ ...known, measured: measuredThen(document, known.measured ?? "") });
        } else {
          const best = bestOf(format.peers, comparable(golden.models[model] ?? {}));
          const measured = made.refused ?? (await measure(model, task, made.path, data, served));
          const peers = best && (await peersOf(model, best[0], data, out));
          const peer = best && peers ? ([best[0], await onOurs(best[1], model, task, peers, data)] as const) : best;
          const isTimed = typeof measured !== "string" && (await isQuiet());
          const timed = isTimed ? await timesOf(model, measured.file, peers, data) : null;
          const when = measuredNow(isWhole ? machine() : measuredOn(document), loadavg()[0] ?? 0);
          rows.push({ ...rowOf(model, name, measured, peer, timed), measured: when, file: made.print });
        }
        rmSync(out, { recursive: true, force: true });
      }
    }
    return rows;
  } finally {
    rmSync(folder, { recursive: true, force: true });
    await served.close();
  }
}

/** Whether the machine has little else to do, as a time that is to be told has to be measured: what is to be run now, our own last steps left out. */
async function isQuiet(): Promise<boolean> {
  let others = 0;
  for (let look = 0; look < LOOKS; look++) {
    await new Promise((resolve) => setTimeout(resolve, 100));
    const [, , , runnable = "1/1"] = readFileSync("/proc/loadavg", "utf8").split(" ");
    others += Number(runnable.split("/")[0]) - 1;
  }
  return others / LOOKS < cpus().length / 2;
}

interface Measured {
  readonly file: string;
  readonly native: Judged;
  readonly wasm: string;
  readonly webgpu: string;
}

/** The one file that the command line writes, with the first digits of the SHA-256 of it and of the runtime's version; or why there is none. */
function written(
  model: string,
  task: Task,
  { options, takesData }: Format,
  { calib }: Readonly<Record<"calib" | "judge", RealData>>,
  out: string,
): { readonly refused?: string; readonly path: string; readonly print: string } {
  const data = takesData ? ["--data", calib.folder, "--samples", "50"] : [];
  try {
    const path = quantized(floatOf(model), out, [...data, ...options, ...(task.options ?? [])]);
    const print = createHash("sha256").update(env.versions.common).update(readFileSync(path)).digest("hex");
    return { path, print: print.slice(0, 12) };
  } catch (error) {
    return { refused: refusal(error), path: "", print: "" };
  }
}

async function measure(
  model: string,
  task: Task,
  file: string,
  { judge }: Readonly<Record<"calib" | "judge", RealData>>,
  served: ServedBrowser,
): Promise<Measured> {
  const float = floatOf(model);
  const inChromium = async (provider: "wasm" | "webgpu", samples: number): Promise<string> => {
    const files = { float, quantized: file, samples: judge.files.slice(0, samples) };
    try {
      return (await worstInChromium(served, files, provider)).toFixed(1);
    } catch (error) {
      return `fails: ${brief((error as Error).message.split("\n    at ")[0] ?? "")}`;
    }
  };
  return {
    file,
    native: await judged(float, file, judge.archive, task),
    wasm: await inChromium("wasm", 4),
    webgpu: ON_WEBGPU.has(model) ? await inChromium("webgpu", 2) : "",
  };
}

/** Where the peer's 4 bits changed nothing its q4f16 is its float16, and another's 4 bits are not to be held against it. */
function comparable(rows: Golden[string]): Golden[string] {
  const { q4f16, ...others } = rows;
  return q4f16 && !rows["int4-sym"]?.unchanged ? { ...others, q4f16 } : others;
}

function bestOf(names: readonly string[], rows: Golden[string]): readonly [name: string, row: Judged] | null {
  const made = names.flatMap((name) => {
    const row = rows[name];
    return row?.sqnr_min === undefined || row.unchanged ? [] : [[name, row as Judged] as const];
  });
  return made.sort(([, a], [, b]) => b.sqnr_min - a.sqnr_min)[0] ?? null;
}

/** By round: the time of ours and of the peer's file over that of the float model, and of ours over the peer's; empty where that is not made here. */
interface Timed {
  readonly ours: readonly number[];
  readonly peers: readonly number[];
  readonly beside: readonly number[];
}

/** The peer's file of its best row, made anew; null where it cannot be. */
async function peersOf(
  model: string,
  row: string,
  { calib }: Readonly<Record<"calib" | "judge", RealData>>,
  out: string,
): Promise<string | null> {
  const folder = join(out, "peer");
  mkdirSync(folder, { recursive: true });
  return peerFile(floatOf(model), row, folder, calib.archive);
}

/**
 * A golden row with fidelity and task as its tool's file has them on the samples that judge ours: some are made on the machine, of the fonts and
 * voices that it has, and the golden file's are not at hand.
 */
async function onOurs(
  golden: Judged,
  model: string,
  task: Task,
  peers: string,
  { judge }: Readonly<Record<"calib" | "judge", RealData>>,
): Promise<Judged> {
  const { sqnr_min, top1, perplexity } = await judged(floatOf(model), peers, judge.archive, task);
  return {
    ...golden,
    sqnr_min,
    ...(top1 === undefined ? {} : { top1 }),
    ...(perplexity === undefined ? {} : { perplexity }),
  };
}

async function timesOf(
  model: string,
  file: string,
  peers: string | null,
  { judge }: Readonly<Record<"calib" | "judge", RealData>>,
): Promise<Timed> {
  const float = floatOf(model);
  const asked = [TIMES, judge.archive, `${SECONDS}`, float, file, ...(peers === null ? [] : [peers])];
  const [base = [], own = [], its = []] = await lastLineOf<number[][]>(PEER_PYTHON, asked);
  const over = (times: readonly number[], others: readonly number[]) => times.map((time, at) => time / others[at]!);
  return { ours: over(own, base), peers: over(its, base), beside: its.length > 0 ? over(own, its) : [] };
}

/** The rows of a document's table, as texts; those that were not timed in turn with the peer's file are not compared in time. */
function rowsOf(text: string): Record<string, string>[] {
  const [head, , ...lines] = text.split("\n").filter((line) => line.startsWith("|"));
  const cells = (line: string) =>
    line
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim());
  const columns = cells(head ?? "");
  return lines.map((line) => {
    const row: Record<string, string> = Object.fromEntries(cells(line).map((cell, at) => [columns[at] ?? "", cell]));
    if (row["of its time"]) return row;
    const inTime = (row.lower ?? "").split(", ").filter((what) => what !== "time");
    return { ...row, lower: inTime.join(", ") };
  });
}

function interval(ratios: readonly number[]): string {
  const [low, high] = medianInterval(ratios);
  return `${quantile(ratios, 0.5).toFixed(3)} (${low.toFixed(2)} to ${high.toFixed(2)})`;
}

function rowOf(
  model: string,
  format: string,
  measured: Measured | string,
  peer: readonly [name: string, row: Judged] | null,
  timed: Timed | null,
): Row {
  const isBeside = timed !== null && timed.beside.length > 0;
  const ofPeer = {
    "peer's row": peer?.[0] ?? "",
    "its worst (dB)": peer?.[1].sqnr_min ?? "",
    "its kB": peer ? Math.round(peer[1].bytes / 1e3) : "",
    "its time": isBeside ? quantile(timed.peers, 0.5) : peer ? `${peer[1].latency_ratio} elsewhere` : "",
    "of its time": isBeside ? interval(timed.beside) : "",
  };
  if (typeof measured === "string") {
    return { model, format, "worst output (dB)": measured, ...ofPeer };
  }
  const { native, wasm, webgpu } = measured;
  return {
    model,
    format,
    "worst output (dB)": native.sqnr_min,
    "WASM (dB)": wasm,
    "WebGPU (dB)": webgpu,
    task: figures(native),
    kB: `${Math.round(native.bytes_float / 1e3)} to ${Math.round(native.bytes / 1e3)}`,
    "time of float's": timed ? quantile(timed.ours, 0.5) : PENDING,
    ...ofPeer,
    lower: peer ? lowerThan(native, peer[1], timed).join(", ") : "",
  };
}

/** In what the peer's row is better; in time only where its file was timed in turn with ours. */
function lowerThan(native: Judged, peer: Judged, timed: Timed | null): string[] {
  const ratio = timed && timed.beside.length > 0 ? quantile(timed.beside, 0.5) : 1;
  return lower({ ...native, latency_ratio: ratio }, { ...peer, latency_ratio: 1 });
}

/** How the command line ends where it refuses what it was asked for. */
const REFUSED = 2;

function refusal(error: unknown): string {
  const { stderr, status } = error as { readonly stderr?: Buffer; readonly status?: number };
  if (status !== undefined && status !== REFUSED) throw error;
  return `refused: ${brief(stderr?.toString() ?? String(error))}`;
}

function brief(text: string): string {
  const line = text.trim().split("\n").at(-1) ?? "";
  const said = /(?:Status Message|ERROR_MESSAGE): (?!.*(?:Status Message|ERROR_MESSAGE): )(.*)/.exec(line)?.[1] ?? line;
  return said.replaceAll("|", "/").slice(0, 160);
}
