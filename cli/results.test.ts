import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Artifact } from "../src/engine/job/artifact.ts";
import { InputError } from "../src/engine/model/job.ts";
import { writeFiles } from "./results.ts";
import { colourModel, modelBytes, put, putColours, scratch } from "./testing/colours.ts";
import { octet } from "./testing/command.ts";

const OCTET = fileURLToPath(new URL("octet.mjs", import.meta.url));
const TYPESCRIPT = new URL("typescript.mjs", import.meta.url).href;
const RESULTS = new URL("results.ts", import.meta.url).href;
const NAMES = ["a.onnx", "a.recipe.json", "a.report.json", "a.report.html"];

let folder: string;
let out: string;

beforeEach(() => {
  folder = scratch();
  out = join(folder, "new", "out");
});
afterEach(() => rmSync(folder, { recursive: true }));

const never = new AbortController().signal;
const filesOf = (text: string, names: readonly string[] = NAMES): Artifact[] =>
  names.map((name) => ({ name, chunks: [new TextEncoder().encode(text), new TextEncoder().encode(text)] }));

/** What each file of a folder holds, by name. */
const contents = (at: string) =>
  Object.fromEntries(readdirSync(at).map((name) => [name, readFileSync(join(at, name), "utf8")]));
const holding = (text: string, names: readonly string[] = NAMES) =>
  Object.fromEntries(names.map((name) => [name, text]));

/** Runs Node and gives what it wrote to stderr where it failed. */
function run(...args: readonly string[]): Promise<string> {
  const child = spawn(process.execPath, args, { cwd: folder, stdio: ["ignore", "ignore", "pipe"] });
  let stderr = "";
  child.stderr.on("data", (chunk: Buffer) => {
    stderr += chunk;
  });
  return new Promise((resolve) => child.on("close", (code) => resolve(code === 0 ? "" : `${code}: ${stderr}`)));
}

describe("the files of one run", () => {
  it("take the place of an earlier run's, and leave others alone", async () => {
    mkdirSync(out, { recursive: true });
    put(out, "theirs.txt", "theirs");
    await writeFiles(out, filesOf("1"), never);
    await writeFiles(out, filesOf("2"), never);
    expect(contents(out)).toEqual({ ...holding("22"), "theirs.txt": "theirs" });
  });

  it("are of one run where many of one process write at once", async () => {
    const texts = Array.from({ length: 20 }, (_, index) => String.fromCharCode(65 + index));
    await Promise.all(texts.map((text) => writeFiles(out, filesOf(text), never)));
    const { [NAMES[0]!]: text = "" } = contents(out);
    expect(texts).toContain(text[0]);
    expect(contents(out)).toEqual(holding(text));
  });

  it("are of one run where two processes write again and again", async () => {
    const again = (text: string) => `
      import { writeFiles } from ${JSON.stringify(RESULTS)};
      const never = new AbortController().signal;
      const chunks = Array(50).fill(new TextEncoder().encode(${JSON.stringify(text)}.repeat(100)));
      for (let i = 0; i < 150; i++) {
        await writeFiles(${JSON.stringify(out)}, ${JSON.stringify(NAMES)}.map((name) => ({ name, chunks })), never);
      }`;
    const hammer = (text: string) => run("--import", TYPESCRIPT, "--input-type=module", "--eval", again(text));
    expect(await Promise.all([hammer("1"), hammer("2")])).toEqual(["", ""]);
    const { [NAMES[0]!]: text = "" } = contents(out);
    expect(text).toMatch(/^(1{5000}|2{5000})$/);
    expect(contents(out)).toEqual(holding(text));
  });

  it("are of one run where two of octet end in the same folder", async () => {
    const model = put(folder, "colours.onnx", modelBytes(colourModel()));
    const data = await putColours(folder, "photos", 6);
    const options = ["quantize", model, "--data", data, "--preprocess", "unit", "--method"];
    const methods = ["minmax", "entropy"];
    expect(await Promise.all(methods.map((method) => run(OCTET, ...options, method, "--out", out)))).toEqual(["", ""]);
    const read = (at: string, suffix: string) => readFileSync(join(at, `colours.${suffix}`), "utf8");
    const { method } = JSON.parse(read(out, "recipe.json"));
    expect(methods).toContain(method);
    const alone = join(folder, "alone");
    expect((await octet(...options, method, "--out", alone)).code).toBe(0);
    expect(readdirSync(out)).toEqual(readdirSync(alone));
    for (const suffix of ["int8.onnx", "recipe.json", "ort-ranges.json", "trt.cache"]) {
      expect(read(out, suffix)).toBe(read(alone, suffix));
    }
    expect(JSON.parse(read(out, "report.json")).recipe.method).toBe(method);
  });
});

describe("a run that was killed", () => {
  it("while its files were moved has them moved by the next", async () => {
    await writeFiles(out, filesOf("1"), never);
    const left = join(out, ".octet-complete");
    mkdirSync(left);
    for (const name of [...NAMES.slice(1), "a.equalized.onnx"]) put(left, name, "killed");
    await writeFiles(out, filesOf("2"), never);
    expect(contents(out)).toEqual({ ...holding("22"), "a.equalized.onnx": "killed" });
  });

  it("while it wrote holds up nobody", async () => {
    mkdirSync(join(out, ".octet-killed"), { recursive: true });
    put(join(out, ".octet-killed"), NAMES[0]!, "killed");
    await writeFiles(out, filesOf("1"), never);
    rmSync(join(out, ".octet-killed"), { recursive: true });
    expect(contents(out)).toEqual(holding("11"));
  });
});

describe("nothing is left", () => {
  it("where a run is cancelled while it writes", async () => {
    const cancelled = () => {
      const controller = new AbortController();
      const [first, second, ...rest] = filesOf("1");
      const cancelling: Artifact = {
        name: second!.name,
        get chunks() {
          controller.abort("cancelled");
          return second!.chunks;
        },
      };
      return writeFiles(out, [first!, cancelling, ...rest], controller.signal);
    };
    await expect(cancelled()).rejects.toBe("cancelled");
    expect(existsSync(join(folder, "new"))).toBe(false);
    await writeFiles(out, filesOf("0"), never);
    await expect(cancelled()).rejects.toBe("cancelled");
    expect(contents(out)).toEqual(holding("00"));
  });

  it("where a file cannot be written, and the error says which and why", async () => {
    const bad = [...filesOf("1"), ...filesOf("1", ["no/such/folder.onnx"])];
    const failed = writeFiles(out, bad, never);
    await expect(failed).rejects.toThrow(InputError);
    await expect(failed).rejects.toThrow(/^The results cannot be written to .*out \(ENOENT/);
    expect(existsSync(join(folder, "new"))).toBe(false);
  });

  it("where a folder has the name of a file", async () => {
    mkdirSync(join(out, NAMES[2]!), { recursive: true });
    const failed = writeFiles(out, filesOf("1"), never);
    await expect(failed).rejects.toThrow(InputError);
    await expect(failed).rejects.toThrow(/a\.report\.json is a folder/);
    expect(readdirSync(out)).toEqual([NAMES[2]]);
  });
});
