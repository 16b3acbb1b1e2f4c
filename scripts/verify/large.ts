import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Row } from "../bench/part.ts";
import { writeDecoder } from "./decoder.ts";

const GIBIBYTE = 2 ** 30;
/** The command line in the process that is started, and none that watches another. */
const OCTET = ["../../cli/typescript.mjs", "../../cli/main.ts"].map((path) =>
  fileURLToPath(new URL(path, import.meta.url)),
);
const POLL_MS = 50;

const CASES = [
  { what: "float16", options: ["--format", "float16"] },
  { what: "int8, a scale a channel", options: ["--format", "weights", "--weights", "s8"] },
  {
    what: "int4 in blocks of 32, nearest",
    options: ["--format", "weights", "--weights", "s4", "--block", "32", "--algorithm", "nearest"],
  },
  {
    what: "uint4 in blocks of 32, hqq, MatMulNBits",
    options: ["--format", "weights", "--weights", "u4", "--block", "32", "--operator", "matmulnbits"],
  },
] as const;

/**
 * Quantizes a made-up decoder of 5 GiB on the command line: how much memory the process takes that quantizes, and how fast it is. It reads
 * memory in /proc, so it is for Linux. Throws where it takes more than a quarter of the model, or what was written did not run.
 */
export async function quantizeLarge(): Promise<Row[]> {
  const folder = mkdtempSync(join(tmpdir(), "octet-large-"));
  try {
    const { path, bytes } = writeDecoder(folder, 5 * GIBIBYTE);
    const rows: Row[] = [];
    for (const { what, options } of CASES) {
      const out = join(folder, "out");
      const { peak, result } = await quantize(path, [...options, "--out", out]);
      const written = readdirSync(out).filter((name) => name.includes(".onnx"));
      const size = written.reduce((sum, name) => sum + statSync(join(out, name)).size, 0);
      rmSync(out, { recursive: true });
      const share = peak / bytes;
      if (share > 1 / 4) throw new Error(`${what}: ${peak} bytes of memory for a model of ${bytes}.`);
      const unrun = result.notices.find(({ message }) => message.includes("not run here"));
      if (unrun) throw new Error(`${what}: ${unrun.message}`);
      const seconds = result.seconds - result.runSeconds;
      rows.push({
        written: what,
        files: written.length,
        "size (GB)": size / 1e9,
        "time (s)": seconds,
        "MB/s of float weights": bytes / 1e6 / seconds,
        "peak memory (MiB)": peak / 2 ** 20,
        "of the model (%)": 100 * share,
        "running it once, apart (s)": result.runSeconds,
      });
    }
    return rows;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

interface Result {
  readonly seconds: number;
  readonly runSeconds: number;
  readonly notices: readonly { readonly message: string }[];
}

/** What the command says, and the most memory that its own process held, in bytes. */
async function quantize(
  path: string,
  options: readonly string[],
): Promise<{ readonly peak: number; readonly result: Result }> {
  const child = spawn(process.execPath, ["--import", ...OCTET, "quantize", path, "--json", ...options], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let text = "";
  child.stdout.on("data", (part: Buffer) => {
    text += part.toString();
  });
  let peak = 0;
  const polling = setInterval(() => {
    peak = Math.max(peak, peakOf(child.pid));
  }, POLL_MS);
  const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
  clearInterval(polling);
  if (code !== 0) throw new Error(`octet quantize ${options.join(" ")} ended with ${code}.`);
  return { peak, result: JSON.parse(text) as Result };
}

/** 0 once a process is gone. */
function peakOf(pid: number | undefined): number {
  try {
    const [, kilobytes = "0"] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
    return 1024 * Number(kilobytes);
  } catch {
    return 0;
  }
}
