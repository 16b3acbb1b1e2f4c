import { spawn, spawnSync } from "node:child_process";
import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { npyBytes } from "../src/engine/data/testing/files.ts";
import { TELLS_PEAKS } from "./peak.ts";
import { colourModel, modelBytes, put, putColours, scratch } from "./testing/colours.ts";
import { octet as inProcess } from "./testing/command.ts";

const MEGABYTE = 1e6;

const OCTET = fileURLToPath(new URL("octet.mjs", import.meta.url));

let folder: string;
let model: string;

beforeAll(async () => {
  folder = scratch();
  model = put(folder, "colours.onnx", modelBytes(colourModel()));
  await putColours(folder, "photos", 6);
});
afterAll(() => rmSync(folder, { recursive: true }));

const octet = (...args: string[]) =>
  spawnSync(process.execPath, [OCTET, ...args], { encoding: "utf8", cwd: folder, timeout: 60_000 });

describe("the octet command", () => {
  it("prints one JSON object and nothing else on stdout, from any folder", () => {
    const made = octet(
      "quantize",
      "colours.onnx",
      "--data",
      "photos",
      "--preprocess",
      "unit",
      ...["--samples", "3", "--json"],
    );
    expect(made.status).toBe(0);
    expect(JSON.parse(made.stdout)).toMatchObject({ out: "colours.octet", layers: { total: 3 } });
    expect(made.stderr).toMatch(/^Opening the model\.\.\.$/m);
    const judged = octet(
      ...["evaluate", "colours.onnx", "colours.octet/colours.int8.onnx", "--data", "photos"],
      ...["--preprocess", "unit", "--skip", "3", "--json"],
    );
    expect(judged.status).toBe(0);
    const evaluation = JSON.parse(judged.stdout);
    expect(evaluation).toMatchObject({ samples: 3, verdict: { passed: true } });
    if (TELLS_PEAKS) {
      for (const bytes of Object.values<number>(evaluation.memory)) {
        expect(bytes).toBeGreaterThan(MEGABYTE);
        expect(bytes).toBeLessThan(200 * MEGABYTE);
      }
    } else expect(evaluation).not.toHaveProperty("memory");
  });

  it("ends with 2 and one line on stderr for bad input", () => {
    const { status, stdout, stderr } = octet("inspect", "gone.onnx", "--json");
    expect({ status, stdout, stderr }).toEqual({
      status: 2,
      stdout: "",
      stderr: "octet: There is no file gone.onnx.\n",
    });
  });

  it("ends with 3, and with the stack if asked, for a fault that nothing awaits", () => {
    const fault =
      "process.on('newListener', (name) => name === 'uncaughtException' && setImmediate(() => { throw Error('lost'); }))";
    const { status, stderr } = spawnSync(
      process.execPath,
      ["--import", `data:text/javascript,${fault}`, OCTET, "--help"],
      {
        encoding: "utf8",
        env: { ...process.env, OCTET_DEBUG: "1" },
      },
    );
    expect(status).toBe(3);
    expect(stderr).toMatch(/^octet: Octet failed unexpectedly \(lost\); please report it .*\nError: lost\n +at /);
  });

  const ENDS = [
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const;
  it.each(ENDS)("cancelled by %s, it ends with %i and leaves nothing", async (signal, exitCode) => {
    const samples = 20_000;
    const many = put(
      folder,
      "many.npy",
      npyBytes("<f4", [samples, 3, 8, 8], new Float32Array(samples * 192).fill(0.5)),
    );
    const child = spawn(process.execPath, [OCTET, "quantize", model, "--data", many, "--out", "cancelled"], {
      cwd: folder,
    });
    let stderr = "";
    child.stderr.on("data", (chunk: Buffer) => {
      const before = stderr.includes("Calibrating...");
      stderr += chunk;
      if (!before && stderr.includes("Calibrating...")) child.kill(signal);
    });
    const code = await new Promise((resolve) => child.on("close", resolve));
    expect(code).toBe(exitCode);
    expect(stderr).toMatch(/Cancelled; nothing was written\.\n$/);
    expect(existsSync(join(folder, "cancelled"))).toBe(false);
  });

  /** What the supervisor comes to, of a command that does this; it is sent the signal when that calls `on`. */
  async function supervised(command: string, signal?: NodeJS.Signals) {
    const supervisor = new URL("supervise.mjs", import.meta.url).href;
    const script = `import { supervise } from ${JSON.stringify(supervisor)};
      await supervise(process.argv[1], async () => { const on = () => console.log("on"); ${command} });`;
    const child = spawn(process.execPath, [put(folder, "command.mjs", new TextEncoder().encode(script))]);
    let stderr = "";
    child.stderr.on("data", (chunk: Buffer) => {
      stderr += chunk;
    });
    if (signal) child.stdout.once("data", () => child.kill(signal));
    const code = await new Promise((resolve) => child.on("close", resolve));
    return { code, stderr };
  }
  const ANSWERS = ["it would have answered", "it cannot yet answer"] as const;
  it.each(ENDS.flatMap((end) => ANSWERS.map((answers) => [...end, answers] as const)))(
    "deaf in native code, it is ended by %s all the same, with %i, where %s",
    async (signal, exitCode, answers) => {
      const hears = answers === ANSWERS[0] ? `process.on("${signal}", () => undefined);` : "";
      const deaf = `${hears} on(); Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20_000);`;
      expect(await supervised(deaf, signal)).toEqual({
        code: exitCode,
        stderr: "\nCancelled; results that were not complete are not in place.\n",
      });
    },
  );

  it("that dies in native code says so and ends with 3", async () => {
    const { code, stderr } = await supervised("on(); process.abort();");
    expect(code).toBe(3);
    expect(stderr).toMatch(/\noctet: The process ended in native code, or for want of memory \(SIGABRT\); .*\n$/);
  });

  it("ends when whoever watches it is gone", async () => {
    const watching = `process.on("disconnect", () => { console.error("ended"); process.exit(); }); on(); setTimeout(on, 200_000);`;
    expect(await supervised(watching, "SIGKILL")).toEqual({ code: null, stderr: "ended\n" });
  });

  it("ends without a word when nobody reads on, as in a pipe into head", async () => {
    const child = spawn(process.execPath, [OCTET, "inspect", model]);
    child.stdout.destroy();
    let stderr = "";
    child.stderr.on("data", (chunk: Buffer) => {
      stderr += chunk;
    });
    const code = await new Promise((resolve) => child.on("close", resolve));
    expect({ code, stderr }).toEqual({ code: 141, stderr: "Opening the model...\n" });
  });

  it("says what it can do, and its version", async () => {
    const help = await inProcess("--help");
    expect(help).toMatchObject({ code: 0, stderr: "" });
    for (const command of ["inspect", "quantize", "evaluate"]) expect(help.stdout).toContain(`octet ${command} `);
    expect((await inProcess("--version")).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });
});
