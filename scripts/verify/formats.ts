import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SHARED } from "../../src/engine/testing/shared.ts";
import type { ServedBrowser } from "../bench/browser.ts";
import type { Row } from "../bench/part.ts";
import { SOFTWARE_ADAPTER, serveJudge, worstInChromium } from "./inChromium.ts";
import { figures, type Judged, judged, lower, quantized, TASKS, type Task } from "./judge.ts";
import { type RealData, realData } from "./realData.ts";

interface Format {
  readonly options: readonly string[];
  /** Whether what it writes depends on samples that it is given. */
  readonly takesData: boolean;
  /** The peer's rows of the same format in ../shared/golden/formats.json. */
  readonly peers: readonly string[];
}

const DATA_FREE = { takesData: false } as const;
const blocks = (...more: readonly string[]) => ["--format", "weights", "--block", "32", ...more];

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
  "weights nf4": {
    options: ["--format", "weights", "--weights", "nf4", "--block", "64"],
    ...DATA_FREE,
    peers: [],
  },
  float16: { options: ["--format", "float16"], takesData: true, peers: ["fp16"] },
  bfloat16: { options: ["--format", "bfloat16"], ...DATA_FREE, peers: [] },
  q4f16: { options: ["--format", "q4f16"], ...DATA_FREE, peers: ["q4f16"] },
};

/** Models small enough for WebGPU on a software adapter. */
const ON_WEBGPU: ReadonlySet<string> = new Set(["mnist_cntk", "fmnist_dw_folded", "stories260K"]);

type Golden = Readonly<Record<string, Readonly<Record<string, Partial<Judged> & { readonly unchanged?: boolean }>>>>;

/** Every model in every format, run natively and in Chromium, beside the peer's row of the same format. */
export async function compareFormats(): Promise<Row[]> {
  const golden = JSON.parse(readFileSync(`${SHARED}golden/formats.json`, "utf8")) as { readonly models: Golden };
  const served = await serveJudge(SOFTWARE_ADAPTER);
  const folder = mkdtempSync(join(tmpdir(), "octet-formats-"));
  try {
    const rows: Row[] = [];
    for (const [model, task] of Object.entries(TASKS)) {
      const data = realData(model, task.data);
      for (const [name, format] of Object.entries(FORMATS)) {
        console.error(`  ${model} as ${name}`);
        const peer = bestOf(format.peers, comparable(golden.models[model] ?? {}));
        const out = join(folder, `${rows.length}`);
        const measured = await measure(model, task, format, data, out, served);
        rows.push(rowOf(model, name, measured, peer));
        rmSync(out, { recursive: true, force: true });
      }
    }
    return rows;
  } finally {
    rmSync(folder, { recursive: true, force: true });
    await served.close();
  }
}

interface Measured {
  readonly native: Judged;
  readonly wasm: string;
  readonly webgpu: string;
}

/** What was measured, or why there is nothing. */
async function measure(
  model: string,
  task: Task,
  { options, takesData }: Format,
  { calib, judge }: Readonly<Record<"calib" | "judge", RealData>>,
  out: string,
  served: ServedBrowser,
): Promise<Measured | string> {
  const float = `${SHARED}models/${model}.onnx`;
  const data = takesData ? ["--data", calib.folder, "--samples", "50"] : [];
  let file: string;
  try {
    file = quantized(float, out, [...data, ...options, ...(task.options ?? [])]);
  } catch (error) {
    return refusal(error);
  }
  const inChromium = async (provider: "wasm" | "webgpu", samples: number): Promise<string> => {
    const files = { float, quantized: file, samples: judge.files.slice(0, samples) };
    try {
      return (await worstInChromium(served, files, provider)).toFixed(1);
    } catch (error) {
      return `fails: ${brief((error as Error).message.split("\n    at ")[0] ?? "")}`;
    }
  };
  return {
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

function rowOf(
  model: string,
  format: string,
  measured: Measured | string,
  peer: readonly [name: string, row: Judged] | null,
): Row {
  const ofPeer = {
    "peer's row": peer?.[0] ?? "",
    "its worst (dB)": peer?.[1].sqnr_min ?? "",
    "its kB": peer ? Math.round(peer[1].bytes / 1e3) : "",
    "its time": peer?.[1].latency_ratio ?? "",
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
    "time of float's": native.latency_ratio,
    ...ofPeer,
    lower: peer ? lower(native, peer[1]).join(", ") : "",
  };
}

function refusal(error: unknown): string {
  const { stderr } = error as { readonly stderr?: Buffer };
  return `refused: ${brief(stderr?.toString() ?? String(error))}`;
}

function brief(text: string): string {
  const line = text.trim().split("\n").at(-1) ?? "";
  const said = /(?:Status Message|ERROR_MESSAGE): (?!.*(?:Status Message|ERROR_MESSAGE): )(.*)/.exec(line)?.[1] ?? line;
  return said.replaceAll("|", "/").slice(0, 160);
}
