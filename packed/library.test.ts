import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import manifest from "../package.json" with { type: "json" };
import { EXAMPLES } from "./examples.ts";
import { bare, DATA, FROM_SOURCES, isInstalled, MODEL, native, quantize, ROOT, run, scratch } from "./support.ts";

const QUANTIZED = "fashion-mnist-dw.int8.onnx";
const folder = scratch();

/** Puts a program beside the packages that are installed. */
function put(place: string, name: string, text: string): string {
  writeFileSync(join(place, name), text);
  return join(place, name);
}

describe.skipIf(!isInstalled)("installed from the registry, the library", () => {
  it("runs the documented program, whose files are those of the command", () => {
    const { status, stdout, stderr } = run(folder(), put(native, "example.mjs", EXAMPLES.node), MODEL, DATA);
    expect(status, stderr).toBe(0);
    expect(stdout).toMatch(/^Measured 15 layers on onnxruntime-node .*\nlogits: SQNR \d+\.\d dB\n/);
    expect(stderr).toMatch(/^Calibrating: \d+ of 24 samples$/m);
    expect(readFileSync(join(folder(), QUANTIZED))).toEqual(quantize(folder(), FROM_SOURCES).bytes);
    const report = JSON.parse(readFileSync(join(folder(), "fashion-mnist-dw.report.json"), "utf8"));
    expect(report.evaluation).toMatchObject({ samples: 50 });
    const { float, quantized } = report.evaluation.memory ?? {};
    if (existsSync("/proc/self/clear_refs")) expect(Math.min(float, quantized)).toBeGreaterThan(1_000_000);
    for (const name of ["recipe.json", "calibration.json", "report.html"]) {
      expect(readdirSync(folder())).toContain(`fashion-mnist-dw.${name}`);
    }
  });

  it("takes a runtime, changes, and bad input, and is cancelled, without the native build", () => {
    const program = `
      import { readFile } from "node:fs/promises";
      import * as ort from "onnxruntime-web/wasm";
      import { InputError, openProject, wasmRuntime } from "${manifest.name}";
      const said = [];
      const refused = (job) => job.then(() => said.push("taken"), (error) => said.push(error instanceof InputError, error.message));
      const [path, data] = process.argv.slice(2);
      const handed = { ...wasmRuntime(ort), label: "handed in" };
      const project = await openProject({ name: "m.onnx", bytes: await readFile(path) }, { runtime: handed });
      await refused(project.quantize());
      await refused(project.useData(data, { preprocess: "units" }));
      await project.useData(data, { preprocess: "unit" });
      await refused(project.calibrate({ samples: 1.5 }));
      await refused((async () => project.change({ weights: { type: "int4" } }))());
      const running = project.calibrate({ samples: 8 });
      await refused((async () => project.change({ method: "mse" }))());
      await refused(project.quantize());
      await running;
      const before = project.recipe;
      const controller = new AbortController();
      const onProgress = ({ task }) => task === "Calibrating" && controller.abort("enough");
      const reason = await project.calibrate({ signal: controller.signal, onProgress }).catch((error) => error);
      project.change({ weights: { ...before.weights, type: "int4" } });
      const { name, chunks } = await project.quantize();
      const sizes = chunks.reduce((sum, { length }) => sum + length, 0);
      const kept = JSON.stringify(before.resolved) === JSON.stringify(project.recipe.resolved);
      const other = await openProject(path);
      console.log(JSON.stringify({ said, reason, kept, runtime: project.runtime, name, sizes, other: other.runtime }));
    `;
    const { status, stdout, stderr } = run(folder(), put(bare, "program.mjs", program), MODEL, DATA);
    expect(status, stderr).toBe(0);
    const { said, sizes, ...rest } = JSON.parse(stdout);
    expect(said).toEqual([
      true,
      expect.stringMatching(/^The recipe takes samples for .*calibration.*; call useData, then calibrate\.$/),
      true,
      expect.stringMatching(/^preprocess is imagenet, .*not "units"\.$/),
      true,
      "samples is a whole number of at least 1, not 1.5.",
      true,
      expect.stringMatching(/granularity/),
      ...[true, expect.stringMatching(/^A job is running on this project/)],
      ...[true, expect.stringMatching(/^A job is running on this project/)],
    ]);
    expect(sizes).toBeGreaterThan(20_000);
    expect(rest).toEqual({
      reason: "enough",
      kept: true,
      runtime: "handed in",
      name: "m.int4.onnx",
      other: expect.stringMatching(/^onnxruntime-web .*WASM/),
    });
  });

  it.each(["nodenext", "esnext"])("has types of its own, for %s modules", (module) => {
    const program = `
      import { type DataFile, InputError, openProject, type Project } from "${manifest.name}";
      import { openProject as openInPage, wasmRuntime } from "${manifest.name}/browser";
      export async function use(signal: AbortSignal, files: FileList): Promise<Blob | null> {
        const project: Project<string | readonly DataFile[]> = await openProject("m.onnx", { signal });
        const { notices, chunks } = await project.quantize({ onProgress: ({ done, total }) => done / total });
        const { verdict } = await project.evaluate({ maxDrop: 0.5 });
        // @ts-expect-error
        project.change({ weights: { type: "int3" } });
        // @ts-expect-error
        await project.calibrate({ sample: 3 });
        const page = await openInPage({ name: "m", bytes: new ArrayBuffer(3) }, { runtime: wasmRuntime(await import("onnxruntime-web/wasm")) });
        await page.useData(files);
        return verdict?.passed && notices.every(({ kind }) => kind === "info") ? new Blob([...chunks]) : null;
      }
      export const mend = (error: unknown) => error instanceof InputError && error.message;
    `;
    const file = put(native, `types.${module}.mts`, program);
    const resolution = module === "nodenext" ? module : "bundler";
    const options = ["--noEmit", "--strict", "--target", "es2023", "--lib", "es2024,dom,dom.iterable", "--types", ""];
    const args = [...options, "--module", module, "--moduleResolution", resolution, "--skipLibCheck", "false", file];
    const { status, stdout } = spawnSync(process.execPath, [join(ROOT, "node_modules/typescript/bin/tsc"), ...args], {
      encoding: "utf8",
      cwd: native,
    });
    expect(status, stdout).toBe(0);
  });
});
