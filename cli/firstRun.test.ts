import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { firstRun, RunCrashed } from "../src/engine/job/firstRun.ts";
import { InputError } from "../src/engine/model/job.ts";
import { makeNode } from "../src/engine/onnx/attributes.ts";
import { vector } from "../src/engine/onnx/tensor.ts";
import { buildModel, floatInput, noise } from "../src/engine/onnx/testing/build.ts";
import { modelBytes, put, scratch } from "./testing/colours.ts";
import { errorOf, octet } from "./testing/command.ts";

vi.mock("../src/engine/job/firstRun.ts", { spy: true });

let folder: string;
let model: string;
const alone = ["--activations", "float", "--bias-correction", "none"];

beforeAll(() => {
  folder = scratch();
  const even = buildModel({
    opset: 13,
    inputs: [floatInput("x", ["rows", 64])],
    outputs: ["out"],
    nodes: [makeNode("Reshape", ["x", "shape"], ["r"]), makeNode("MatMul", ["r", "w"], ["out"])],
    constants: { w: noise([128, 64], 3), shape: vector("int64", [-1, 128]) },
  });
  model = put(folder, "even.onnx", modelBytes(even));
});
afterAll(() => rmSync(folder, { recursive: true }));

test("a model that does not run is bad input, and nothing is written", async () => {
  const out = join(folder, "refused");
  vi.mocked(firstRun).mockRejectedValueOnce(new InputError('"even.int8.onnx" loads but does not run.'));
  const refused = await octet("quantize", model, ...alone, "--out", out);
  expect(refused.code).toBe(2);
  expect(errorOf(refused)).toBe('"even.int8.onnx" loads but does not run.');
  expect(existsSync(out)).toBe(false);
});

test("a model that crashes the runtime is kept under a name that says so, with all else, and the exit code is 2", async () => {
  const out = join(folder, "crashed");
  vi.mocked(firstRun).mockRejectedValueOnce(
    new RunCrashed("it ended (SIGSEGV) on x.npy, which the float model runs on"),
  );
  const crashed = await octet("quantize", model, ...alone, "--out", out, "--json");
  expect(crashed.code).toBe(2);
  expect(crashed.stderr).toMatch(
    /^warning: "even\.int8\.onnx" crashes ONNX Runtime, so it is kept as "even\.int8\.unproven\.onnx".*SIGSEGV/m,
  );
  expect(readdirSync(out).sort()).toEqual(
    ["int8.unproven.onnx", "recipe.json", "report.html", "report.json"].map((ending) => `even.${ending}`),
  );
  expect(crashed.json()).toMatchObject({ unproven: ["even.int8.unproven.onnx"] });
  expect(readFileSync(join(out, "even.report.json"), "utf8")).toContain("crashes ONNX Runtime");
});

test("what could not be run is said on stderr, and shapes that are given make it run", async () => {
  const said = await octet("quantize", model, ...alone, "--out", join(folder, "open"));
  expect(said.code).toBe(0);
  expect(said.stderr).toMatch(
    /^warning: "even\.int8\.onnx" was loaded but not run here: the float model does not run/m,
  );
  const out = join(folder, "shaped");
  const shaped = await octet("quantize", model, ...alone, "--shape", "x=2x64", "--out", out);
  expect(shaped.stderr).not.toContain("not run here");
  expect(readdirSync(out)).toContain("even.int8.onnx");
});
