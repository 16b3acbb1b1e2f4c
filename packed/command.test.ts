import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join, posix } from "node:path";
import { pathToFileURL } from "node:url";
import { describe, expect, inject, it } from "vitest";
import manifest from "../package.json" with { type: "json" };
import { FEW_RETRIES, npm } from "./install.ts";
import {
  bare,
  commandOf,
  DATA,
  FROM_SOURCES,
  isInstalled,
  MODEL,
  native,
  quantize,
  ROOT,
  run,
  SAMPLES,
  scratch,
} from "./support.ts";

const MB = 2 ** 20;

const packed = inject("packed");
const folder = scratch();

describe("the package", () => {
  it("is what package.json says, and holds no source and no test", () => {
    expect(packed.name).toBe(manifest.name);
    const exported: Record<string, string | Record<string, string>> = manifest.exports;
    const paths = Object.values(exported).flatMap((path) => (typeof path === "string" ? path : Object.values(path)));
    expect(packed.files).toEqual(
      expect.arrayContaining(["README.md", "LICENSE", manifest.bin.octet, ...paths.map((path) => path.slice(2))]),
    );
    expect(packed.files.filter((path) => /(?<!\.d)\.tsx?$|\.test\.|testing/.test(path))).toEqual([]);
  });

  it("has every document that its documents lead to", () => {
    const documents = packed.files.filter((path) => /^[^/]+\.md$|^docs\/.*\.md$/.test(path));
    expect(documents).toContain("docs/library.md");
    const astray = documents.flatMap((path) => {
      const links = readFileSync(join(ROOT, path), "utf8").matchAll(/(?<!!\[[^\]]*)\]\((?!\w+:|#)([^)#]+)/g);
      const targets = [...links].map(([, link = ""]) => posix.join(posix.dirname(path), link));
      return targets.filter((target) => !packed.files.some((file) => file === target || file.startsWith(`${target}/`)));
    });
    expect(astray).toEqual([]);
  });

  it("depends on runtimes alone", () => {
    const { dependencies, optionalDependencies } = manifest;
    expect(Object.keys({ ...dependencies, ...optionalDependencies })).toEqual(["onnxruntime-web", "onnxruntime-node"]);
  });

  it("could be published", () => {
    const { status, stdout, stderr } = npm(["publish", packed.tarball, "--dry-run", "--json", ...FEW_RETRIES]);
    expect(status, stderr).toBe(0);
    expect(stdout).toContain(`"name": "${manifest.name}"`);
  });
});

const sizeOf = (path: string): number =>
  statSync(path).isDirectory()
    ? readdirSync(path).reduce((sum, name) => sum + sizeOf(join(path, name)), 0)
    : statSync(path).size;

describe.skipIf(!isInstalled)("installed from the registry, the octet command", () => {
  it("has neither the studio nor a compiler with it, and is small", () => {
    for (const place of [native, bare]) {
      const modules = readdirSync(join(place, "node_modules"));
      for (const name of ["react", "recharts", "tsx", "esbuild", "typescript", "valibot", "@tensorflow"]) {
        expect(modules).not.toContain(name);
      }
      const own = modules.filter((name) => !name.startsWith("onnxruntime-"));
      const size = own.reduce((sum, name) => sum + sizeOf(join(place, "node_modules", name)), 0);
      expect(size).toBeGreaterThan(MB);
      expect(size).toBeLessThan(15 * MB);
    }
  });

  it("has the native runtime where its script is told to skip, and goes without where that fails", () => {
    expect(existsSync(join(native, "node_modules/onnxruntime-node"))).toBe(true);
    expect(existsSync(join(bare, "node_modules/onnxruntime-node"))).toBe(false);
  });

  it("is found by npx, and says what it says in the checkout", () => {
    const version = npm(["exec", "--prefix", bare, "--no", "--", "octet", "--version"]);
    expect(version).toMatchObject({ status: 0, stdout: `${manifest.version}\n` });
    const help = (command: string) => run(folder(), command, "help", "quantize").stdout;
    expect(help(commandOf(native))).toMatch(/--rounding/);
    expect(help(commandOf(native))).toBe(help(FROM_SOURCES));
  });

  it("ends with 2 for bad input, said as in the checkout, and with 3 for a fault of its own", () => {
    for (const args of [
      ["quantize", MODEL, "--smaples", "3"],
      ["inspect", "none.onnx"],
    ]) {
      const { status, stderr } = run(folder(), commandOf(native), ...args);
      expect([status, stderr]).toEqual([2, run(folder(), FROM_SOURCES, ...args).stderr]);
    }
    const faulty = join(folder(), "faulty.mjs");
    writeFileSync(faulty, 'JSON.stringify = () => { throw new TypeError("broken"); };');
    const { status, stderr } = run(
      folder(),
      "--import",
      pathToFileURL(faulty).href,
      commandOf(native),
      "inspect",
      MODEL,
    );
    expect([status, stderr]).toEqual([
      3,
      expect.stringMatching(/octet: Octet failed unexpectedly \(broken\); please report it/),
    ]);
  });

  it("makes the very bytes that the checkout makes, learned rounding included", () => {
    const learned = ["--weights", "s4", "--rounding", "learned", "--iterations", "20"];
    const options = ["--workers", "2", "--threads", "1", ...learned];
    const made = quantize(folder(), commandOf(native), ...options);
    expect(made.stderr).not.toMatch(/WASM/);
    expect(made.executors).toMatchObject([{ provider: "cpu", workers: 2 }]);
    expect(made.bytes).toEqual(quantize(folder(), FROM_SOURCES, ...options).bytes);
  });

  it("runs in WASM without the native runtime, and says so once", () => {
    const made = quantize(folder(), commandOf(bare), "--workers", "2");
    expect(made.stderr.match(/^note: onnxruntime-node is not installed, so models run in WASM.*$/gm)).toHaveLength(1);
    expect(made.executors).toMatchObject([{ provider: "wasm", workers: 2, threads: 1 }]);
    const data = ["--data", DATA, "--preprocess", "unit", "--skip", String(SAMPLES), "--samples", "24", "--json"];
    const judged = run(folder(), commandOf(native), "evaluate", MODEL, made.path, ...data);
    expect(JSON.parse(judged.stdout).outputs[0].sqnr).toBeGreaterThan(20);
  });
});

it("leaves nothing compiled in the checkout, where npx would run it in place of the sources", () => {
  expect(existsSync(join(ROOT, "lib"))).toBe(false);
});
