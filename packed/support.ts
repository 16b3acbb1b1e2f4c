import { type SpawnSyncReturns, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, inject } from "vitest";
import manifest from "../package.json" with { type: "json" };

export const ROOT = fileURLToPath(new URL("..", import.meta.url));
export const MODEL = join(ROOT, "public/sample/fashion-mnist-dw.onnx");
export const DATA = join(ROOT, "public/sample/calibration-images-idx3-ubyte.gz");
export const SAMPLES = 24;

const installed = inject("installed");
export const isInstalled = installed !== null;
export const { native, bare } = installed ?? { native: "", bare: "" };

/** A folder that is there while the tests of a file run. */
export function scratch(): () => string {
  let folder = "";
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "octet-packed-runs-"));
  });
  afterAll(() => rmSync(folder, { recursive: true }));
  return () => folder;
}

/** A program of Node in a home of its own, in which it leaves nothing. */
export function run(folder: string, script: string, ...args: readonly string[]): SpawnSyncReturns<string> {
  const home = join(folder, "home");
  mkdirSync(home, { recursive: true });
  const { ORT_DISABLE_TELEMETRY: _, ...env } = process.env;
  const outcome = spawnSync(process.execPath, [script, ...args], {
    encoding: "utf8",
    cwd: folder,
    env: { ...env, HOME: home, XDG_CACHE_HOME: join(home, "cache") },
  });
  expect(readdirSync(home)).toEqual([]);
  return outcome;
}

/** The command of an installed package. */
export const commandOf = (place: string) => join(place, "node_modules", manifest.name, manifest.bin.octet);
/** The command of the checkout. */
export const FROM_SOURCES = join(ROOT, "cli/octet.mjs");

/** The sample, quantized by a command. */
export function quantize(folder: string, command: string, ...options: readonly string[]) {
  const out = mkdtempSync(join(folder, "out-"));
  const data = ["--data", DATA, "--preprocess", "unit", "--samples", String(SAMPLES)];
  const outcome = run(folder, command, "quantize", MODEL, ...data, "--out", out, "--json", ...options);
  expect(outcome.status, outcome.stderr).toBe(0);
  const { calibration } = JSON.parse(outcome.stdout);
  const path = join(out, readdirSync(out).find((name) => /\.u?int\d\.onnx$/.test(name)) ?? "");
  return { path, bytes: readFileSync(path), stderr: outcome.stderr, executors: calibration.executors };
}
