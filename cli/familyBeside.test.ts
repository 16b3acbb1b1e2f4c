import { mkdirSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { npyBytes } from "../src/engine/data/testing/files.ts";
import { makeNode } from "../src/engine/onnx/attributes.ts";
import { buildModel, floatInput, noise } from "../src/engine/onnx/testing/build.ts";
import { modelBytes, put, scratch } from "./testing/colours.ts";
import { octet } from "./testing/command.ts";

const WIDTH = 64;
const LARGEST = 12_000;

vi.mock("../src/engine/job/fileSize.ts", async (original) => ({
  ...(await original<typeof import("../src/engine/job/fileSize.ts")>()),
  LARGEST_FILE: LARGEST,
}));
vi.mock("./executors.ts", () => ({ observingApart: <R>(runtime: R) => runtime }));

let folder: string;
beforeAll(() => {
  folder = scratch();
});
afterAll(() => rmSync(folder, { recursive: true }));

const rows = noise([6, WIDTH], 5).data as Float32Array;

async function answers(path: string): Promise<number[]> {
  const session = await InferenceSession.create(path);
  const { y } = await session.run({ x: new Tensor("float32", rows, [6, WIDTH]) });
  await session.release();
  return [...(y!.data as Float32Array)];
}

it("has the weights of a file that nothing would load beside it, under the names that the library looks for", async () => {
  const constants = { v: noise([WIDTH, WIDTH], 3), w: noise([WIDTH, WIDTH], 4) };
  const model = buildModel({
    opset: 17,
    inputs: [floatInput("x", ["rows", WIDTH])],
    outputs: [floatInput("y", ["rows", WIDTH])],
    nodes: [makeNode("MatMul", ["x", "v"], ["z"]), makeNode("MatMul", ["z", "w"], ["y"])],
    constants,
  });
  const given = put(folder, "given.onnx", modelBytes(model));
  const weights = Buffer.concat(Object.values(constants).map(({ data }) => Buffer.from((data as Float32Array).buffer)));
  const hub = join(folder, "hub");
  mkdirSync(hub);
  put(hub, "config.json", '{"model_type": "bert"}');
  const divided = await octet("quantize", given, "--format", "float16", "--out", join(folder, "half"));
  expect([divided.code, divided.stderr]).toEqual([0, expect.anything()]);
  put(hub, "model.onnx", readFileSync(join(folder, "half", "given.float16.onnx")));
  put(hub, "given.float16.onnx_data", readFileSync(join(folder, "half", "given.float16.onnx_data")));

  const data = put(folder, "rows.npy", npyBytes("<f4", [6, WIDTH], rows));
  const out = join(folder, "out");
  const outcome = await octet("quantize", hub, "--family", "transformers.js", "--data", data, "--out", out, "--json");
  expect(outcome.code).toBe(0);
  const names = readdirSync(join(out, "onnx"));
  const beside = names.filter((name) => name.endsWith("_data")).map((name) => name.replace(/_data$/, ""));
  expect(beside).toContain("model.onnx");
  expect(beside.length).toBeLessThan(names.length - beside.length);
  const { variants, load } = outcome.json();
  for (const { file, bytes, weights: besideIt, runs } of variants) {
    const sizes = [file, ...(besideIt ? [besideIt] : [])].map((name) => statSync(join(out, name)).size);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(sizes.length === 1 ? LARGEST : weights.length);
    expect([bytes, besideIt]).toEqual([
      sizes.reduce((sum, size) => sum + size),
      beside.some((name) => file === `onnx/${name}`) ? `${file}_data` : undefined,
    ]);
    expect(runs.native).toBe("ran once");
    expect(await answers(join(out, file))).toHaveLength(6 * WIDTH);
  }
  expect(await answers(join(out, "onnx", "model.onnx"))).toEqual(await answers(join(hub, "model.onnx")));
  const config = JSON.parse(readFileSync(join(out, "config.json"), "utf8"));
  expect(config["transformers.js_config"].use_external_data_format).toEqual(
    Object.fromEntries(beside.map((name) => [name, true])),
  );
  expect(load[0].language).toBe("JavaScript");
});
