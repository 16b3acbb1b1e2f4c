import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { createReadStream, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Page } from "@playwright/test";
import { serveStudioOnDisk } from "../bench/browser.ts";
import { treeMemory, watchPeak } from "../bench/memory.ts";
import type { Row } from "../bench/part.ts";
import { buildWhenStale } from "../build.ts";
import { writeDecoder } from "./decoder.ts";

const GIBIBYTE = 2 ** 30;
const OCTET = fileURLToPath(new URL("../../cli/octet.mjs", import.meta.url));
/** What the browser does after a page has loaded is over then. */
const QUIET_MS = 3000;
const PATIENCE_MS = 600_000;

interface Case {
  readonly what: string;
  readonly choose: Readonly<Record<string, string>>;
  /** What chooses the same in the terminal; null: the recipe that the studio wrote. */
  readonly options: readonly string[] | null;
}

const CASES: readonly Case[] = [
  {
    what: "int8, a scale a channel",
    choose: { "weight-type": "int8" },
    options: ["--format", "weights", "--weights", "s8"],
  },
  {
    what: "int4 in blocks of 32, nearest",
    choose: { "weight-type": "int4", block: "32", algorithm: "nearest" },
    options: ["--format", "weights", "--weights", "s4", "--block", "32", "--algorithm", "nearest"],
  },
  {
    what: "uint4 in blocks of 32, hqq, MatMulNBits",
    choose: { "weight-type": "uint4", block: "32", "weight-operator": "matmulnbits" },
    options: ["--format", "weights", "--weights", "u4", "--block", "32", "--operator", "matmulnbits"],
  },
  { what: "float16", choose: { format: "float16" }, options: null },
];

/**
 * Quantizes a made-up decoder of 2 GiB in the studio in Chromium: how much memory all processes of the browser take above what they take
 * with an empty page. It reads memory in /proc, so it is for Linux. Throws where a file is another than the command line's
 * of the same choices, or of the recipe that was downloaded with it.
 */
export async function quantizeLargeInTab(): Promise<Row[]> {
  await buildWhenStale();
  const folder = mkdtempSync(join(tmpdir(), "octet-tab-"));
  try {
    const { path, bytes } = writeDecoder(folder, 2 * GIBIBYTE);
    const rows: Row[] = [];
    for (const each of CASES) rows.push(await inTab(each, path, bytes, folder));
    return rows;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** One case, in a profile of its own: the studio goes on with the last session of a model that it knows. */
async function inTab(each: Case, path: string, bytes: number, folder: string): Promise<Row> {
  const [profile, out] = [join(folder, "profile"), join(folder, "out")];
  mkdirSync(out);
  const served = await serveStudioOnDisk(profile);
  try {
    const page = await served.newPage();
    await page.waitForTimeout(QUIET_MS);
    const empty = treeMemory(served.pid);
    const watch = watchPeak(served.pid);
    const { opening, writing } = await quantize(page, path, each, out);
    const above = watch.stop() - empty;
    const written = readdirSync(out).filter((name) => name.includes(".onnx"));
    const size = written.reduce((sum, name) => sum + statSync(join(out, name)).size, 0);
    await assertAsInTerminal(path, each, out, folder);
    return {
      written: each.what,
      "size (GB)": size / 1e9,
      "opening (s)": opening,
      "writing (s)": writing,
      "MB/s of float weights, written": bytes / 1e6 / writing,
      "peak memory above the empty page (MiB)": above / 2 ** 20,
      "within 1 GiB": above <= GIBIBYTE ? "yes" : "no",
    };
  } finally {
    await served.close();
    rmSync(profile, { recursive: true });
    rmSync(out, { recursive: true });
  }
}

/** Opens a model with its weights, makes choices, and saves what is downloaded; how long the first and the last took, in seconds. */
async function quantize(page: Page, path: string, { choose }: Case, out: string) {
  page.setDefaultTimeout(PATIENCE_MS);
  const start = performance.now();
  await page.getByTestId("open-model-input").setInputFiles([path, `${path}_data`]);
  await page.getByTestId("workbench").waitFor();
  const opened = performance.now();
  for (const [name, value] of Object.entries(choose)) await page.getByTestId(name).selectOption(value);
  await page.getByTestId("job").waitFor({ state: "detached" });
  const saving: Promise<void>[] = [];
  page.on("download", (download) => saving.push(download.saveAs(join(out, download.suggestedFilename()))));
  await page.getByTestId("step-export").click();
  const asked = performance.now();
  await page.getByTestId("export").click();
  await page.getByTestId("export-files").waitFor();
  const written = performance.now();
  const files = await page.getByTestId("export-files").locator("tbody tr").count();
  while (saving.length < files) await page.waitForTimeout(100);
  await Promise.all(saving);
  return { opening: (opened - start) / 1000, writing: (written - asked) / 1000 };
}

/** Throws where a model or its weights, as downloaded, are not what the command line writes. */
async function assertAsInTerminal(path: string, { what, options }: Case, out: string, folder: string): Promise<void> {
  const terminal = join(folder, "terminal");
  const chosen = options ?? ["--recipe", join(out, recipeOf(out))];
  execFileSync(process.execPath, [OCTET, "quantize", path, ...chosen, "--out", terminal], { stdio: "ignore" });
  for (const name of readdirSync(terminal).filter((each) => each.includes(".onnx") || each.endsWith("recipe.json"))) {
    const [ours, theirs] = [await digest(join(out, name)), await digest(join(terminal, name))];
    if (ours !== theirs) throw new Error(`${what}: ${name} is not what the command line writes.`);
  }
  rmSync(terminal, { recursive: true });
}

function recipeOf(folder: string): string {
  const name = readdirSync(folder).find((each) => each.endsWith("recipe.json"));
  if (!name) throw new Error("The studio wrote no recipe.");
  return name;
}

async function digest(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const part of createReadStream(path)) hash.update(part as Buffer);
  return hash.digest("hex");
}
