import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { colourModel, modelBytes, put, putColours, scratch } from "./testing/colours.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const OCTET = join(ROOT, "cli/octet.mjs");
const VITEST = join(ROOT, "node_modules/vitest/vitest.mjs");
const DIRECT = "src/engine/onnx/external.test.ts";
const canTrace = spawnSync("strace", ["-f", "-e", "trace=network", "true"]).status === 0;

/** When the runtime looks up the host it reports to: so long after its first session. */
const FIRST_UPLOAD_MS = 9000;

let folder: string;
let home: string;
let env: NodeJS.ProcessEnv;

beforeEach(async () => {
  folder = scratch();
  put(folder, "colours.onnx", modelBytes(colourModel()));
  await putColours(folder, "photos", 6);
  home = join(folder, "home");
  mkdirSync(home);
  const { ORT_DISABLE_TELEMETRY: _, NODE_EXTRA_CA_CERTS: __, ...inherited } = process.env;
  const own = ["CACHE_HOME", "CONFIG_HOME", "DATA_HOME", "STATE_HOME", "RUNTIME_DIR"].map((name) => [
    `XDG_${name}`,
    join(home, name),
  ]);
  env = { ...inherited, HOME: home, ...Object.fromEntries(own) };
});
afterEach(() => rmSync(folder, { recursive: true }));

const start = (command: string, args: readonly string[], cwd: string) =>
  spawnSync(command, args, { encoding: "utf8", cwd, env });

const QUANTIZE = [OCTET, "quantize", "colours.onnx", "--data", "photos", "--preprocess", "unit"];

describe("onnxruntime-node reports nothing", () => {
  it("of a quantizing: no file in a new home", () => {
    expect(start(process.execPath, QUANTIZE, folder)).toMatchObject({ status: 0 });
    expect(readdirSync(home, { recursive: true })).toEqual([]);
  });

  it("against a setting that wants it", () => {
    env.ORT_DISABLE_TELEMETRY = "0";
    expect(start(process.execPath, QUANTIZE, folder)).toMatchObject({ status: 0 });
    expect(readdirSync(home, { recursive: true })).toEqual([]);
  });

  it.skipIf(!canTrace)("of a quantizing: no internet socket and no name looked up, needs strace", () => {
    const trace = join(folder, "trace");
    const lasting = `data:text/javascript,setTimeout(()=>{},${FIRST_UPLOAD_MS + 6000})`;
    const run = [process.execPath, "--import", lasting, ...QUANTIZE];
    const calls = "trace=network,open,openat";
    expect(start("strace", ["-f", "-e", calls, "-o", trace, ...run], folder)).toMatchObject({ status: 0 });
    const made = readFileSync(trace, "utf8").split("\n");
    expect(made.some((call) => call.includes("colours.onnx"))).toBe(true);
    expect(made.filter((call) => /AF_INET|nscd|resolv\.conf|\/etc\/hosts/.test(call))).toEqual([]);
  });

  it.each(["forks", "threads"])("of the tests, with vitest's pool of %s", (pool) => {
    expect(start(process.execPath, [VITEST, "run", "--pool", pool, DIRECT], ROOT)).toMatchObject({ status: 0 });
    expect(readdirSync(home, { recursive: true })).toEqual([]);
  });
});
