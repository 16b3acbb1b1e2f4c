import { execFile, spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { colourModel, modelBytes, put, putColours, scratch } from "./testing/colours.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const OCTET = join(ROOT, "cli/octet.mjs");
const VITEST = join(ROOT, "node_modules/vitest/vitest.mjs");
const DIRECT = "src/engine/onnx/external.test.ts";
const canTrace = spawnSync("strace", ["-f", "-e", "trace=network", "true"]).status === 0;

/** When the runtime looks up the host it reports to: so long after its first session. */
const FIRST_UPLOAD_MS = 9000;

let folder: string;

beforeAll(async () => {
  folder = scratch();
  put(folder, "colours.onnx", modelBytes(colourModel()));
  await putColours(folder, "photos", 6);
});
afterAll(() => rmSync(folder, { recursive: true }));

/** A home of its own, empty, and the environment that has it. */
function newHome() {
  const home = mkdtempSync(join(folder, "home-"));
  const { ORT_DISABLE_TELEMETRY: _, NODE_EXTRA_CA_CERTS: __, ...inherited } = process.env;
  const own = ["CACHE_HOME", "CONFIG_HOME", "DATA_HOME", "STATE_HOME", "RUNTIME_DIR"].map((name) => [
    `XDG_${name}`,
    join(home, name),
  ]);
  const env: NodeJS.ProcessEnv = { ...inherited, HOME: home, ...Object.fromEntries(own) };
  return { home, env };
}

/** Rejects where it ends with anything but 0. */
const start = (command: string, args: readonly string[], cwd: string, env: NodeJS.ProcessEnv) =>
  promisify(execFile)(command, args, { cwd, env, maxBuffer: 2 ** 26 });

const QUANTIZE = [OCTET, "quantize", "colours.onnx", "--data", "photos", "--preprocess", "unit"];

// One of them waits for a quarter of a minute.
describe.concurrent("onnxruntime-node reports nothing", { timeout: 240_000 }, () => {
  it.skipIf(!canTrace)("of a quantizing: no internet socket and no name looked up, needs strace", async () => {
    const trace = join(folder, "trace");
    const lasting = `data:text/javascript,setTimeout(()=>{},${FIRST_UPLOAD_MS + 6000})`;
    const run = [process.execPath, "--import", lasting, ...QUANTIZE, "--out", "traced"];
    const calls = "trace=network,open,openat";
    await start("strace", ["-f", "-e", calls, "-o", trace, ...run], folder, newHome().env);
    const made = readFileSync(trace, "utf8").split("\n");
    expect(made.some((call) => call.includes("colours.onnx"))).toBe(true);
    expect(made.filter((call) => /AF_INET|nscd|resolv\.conf|\/etc\/hosts/.test(call))).toEqual([]);
  });

  it("of a quantizing: no file in a new home", async () => {
    const { home, env } = newHome();
    await start(process.execPath, [...QUANTIZE, "--out", "quantized"], folder, env);
    expect(readdirSync(home, { recursive: true })).toEqual([]);
  });

  it("against a setting that wants it", async () => {
    const { home, env } = newHome();
    await start(process.execPath, [...QUANTIZE, "--out", "wanted"], folder, { ...env, ORT_DISABLE_TELEMETRY: "0" });
    expect(readdirSync(home, { recursive: true })).toEqual([]);
  });

  it.each(["forks", "threads"])("of the tests, with vitest's pool of %s", async (pool) => {
    const { home, env } = newHome();
    await start(process.execPath, [VITEST, "run", "--pool", pool, DIRECT], ROOT, env);
    expect(readdirSync(home, { recursive: true })).toEqual([]);
  });
});
