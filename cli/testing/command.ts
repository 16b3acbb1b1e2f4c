import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { assertValid } from "../../src/engine/onnx/testing/checker.ts";
import { run } from "../run.ts";
import { Terminal } from "../terminal.ts";

/** What a command line left: its exit code, what it printed, and the JSON of it. */
export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  // biome-ignore lint/suspicious/noExplicitAny: the shapes are what the tests are about
  json(): any;
}

/** Commands that write no model. */
const WITHOUT_MODEL = new Set(["advise", "calibrate", "decrypt", "keygen", "merge", "sensitivity"]);

/** Runs a command line in this process, and checks the models it wrote. */
export async function octet(...args: readonly string[]): Promise<Outcome> {
  let stdout = "";
  let stderr = "";
  const terminal = new Terminal(
    {
      write: (text) => {
        stdout += text;
      },
    },
    {
      write: (text) => {
        stderr += text;
      },
    },
  );
  const code = await run(args, terminal);
  const out = args.includes("--out") ? args[args.indexOf("--out") + 1] : undefined;
  if (code === 0 && out !== undefined && !WITHOUT_MODEL.has(args[0]!)) assertModelsValid(out);
  return { code, stdout, stderr, json: () => JSON.parse(stdout) };
}

/** The one line that an error is, without "octet: "; lines of progress before it are left out. */
export function errorOf({ stdout, stderr }: Outcome): string {
  const lines = stderr.split("\n").filter((line) => line.startsWith("octet: "));
  if (lines.length !== 1 || stdout !== "" || !stderr.endsWith(`${lines[0]}\n`)) {
    throw new Error(`Not one error line: ${JSON.stringify({ stdout, stderr })}`);
  }
  return lines[0]!.slice("octet: ".length);
}

function assertModelsValid(out: string): void {
  const family = join(out, "onnx");
  if (existsSync(family))
    assertAllValid(
      family,
      readdirSync(family).filter((name) => name.endsWith(".onnx")),
    );
  else
    assertAllValid(
      out,
      readdirSync(out).filter((name) =>
        /\.(u?int\d|nf4|codebook\d+|b?float16|q4f16|dynamic|equalized)\.onnx$/.test(name),
      ),
    );
}

function assertAllValid(out: string, models: readonly string[]): void {
  if (models.length === 0) throw new Error(`No model was written into ${out}.`);
  for (const name of models) assertValid([readFileSync(join(out, name))], name);
}
