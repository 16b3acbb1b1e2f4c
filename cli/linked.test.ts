import { appendFileSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { modelFileOf } from "../src/engine/job/source.ts";
import { FileChanged } from "../src/engine/model/job.ts";
import type { ModelFile, Runtime } from "../src/engine/model/runtime.ts";
import { makeNode } from "../src/engine/onnx/attributes.ts";
import { concat, encodeModel } from "../src/engine/onnx/encode.ts";
import { buildModel, floatInput, noise } from "../src/engine/onnx/testing/build.ts";
import { withWeightsBeside } from "../src/engine/onnx/weightsBeside.ts";
import { nodeRuntime } from "../src/engine/runtime/node.ts";
import { observingApart } from "./executors.ts";
import { modelSource } from "./options.ts";
import { withSeparate } from "./separate.ts";

const WIDTH = 4096;
const PAIR = 256;

/** A matrix of 68 MB, which stays in its file, one of a megabyte, which is read, and a bias that the graph holds. */
const network = buildModel({
  opset: 17,
  inputs: [floatInput("x", [2, PAIR])],
  outputs: ["y"],
  nodes: [
    makeNode("MatMul", ["x", "small"], ["s"], { name: "small" }),
    makeNode("MatMul", ["s", "large"], ["l"], { name: "large" }),
    makeNode("Add", ["l", "bias"], ["y"], { name: "bias" }),
  ],
  constants: {
    small: noise([PAIR, WIDTH - 1], 1),
    large: noise([WIDTH - 1, WIDTH + 64], 2),
    bias: noise([WIDTH + 64], 3),
  },
});

const folder = mkdtempSync(join(tmpdir(), "octet-linked-"));
const inside = join(folder, "inside.onnx");
const beside = join(folder, "beside.onnx");
const link = join(folder, "link", "model.onnx");
const x = noise([2, PAIR], 4);
const feeds = new Map([["x", { type: "float32", dims: [2, PAIR], data: x.data } as const]]);
let expected: unknown;

beforeAll(async () => {
  const whole = concat(encodeModel(network));
  writeFileSync(inside, whole);
  const { model, parts } = withWeightsBeside(network, "weights.bin");
  writeFileSync(beside, concat(encodeModel(model)));
  writeFileSync(join(folder, "weights.bin"), concat(parts));
  mkdirSync(join(folder, "link"));
  symlinkSync(inside, link);
  const held = await modelFileOf({ bytes: whole, fileName: "held.onnx", readBeside: async () => null });
  expected = await run(nodeRuntime(), held.file);
});

afterAll(() => rmSync(folder, { recursive: true }));

async function run(runtime: Pick<Runtime, "createSession">, file: ModelFile) {
  const session = await runtime.createSession(file, { threads: 1 });
  const outputs = await session.run(feeds);
  await session.dispose();
  return outputs.get("y")!.data;
}

const fileOf = async (path: string) => (await modelFileOf(await modelSource(path))).file;

describe("a large file of weights", () => {
  it.each([
    ["inside the model", () => inside],
    ["beside it", () => beside],
  ])("%s is opened by native ONNX Runtime itself, with the answers of what is handed to it", async (_, path) => {
    const file = await fileOf(path());
    expect(file.linked?.graph.byteLength).toBeLessThan(5e6);
    const { linked: _linked, ...handed } = file;
    expect(handed.external).toHaveLength(3);
    for (const each of [file, handed]) expect(await run(nodeRuntime(), each)).toEqual(expected);
  });

  it("lies where a link to the model leads", async () => {
    expect((await fileOf(link)).linked?.folder).toBe(realpathSync(folder));
  });

  it("is opened by processes beside this one, to run and to observe", async () => {
    const file = await fileOf(inside);
    expect(await run(withSeparate(nodeRuntime(), false).separate!, file)).toEqual(expected);
    const plan = { watch: ["y"], derived: [], seldom: [] };
    const apart = observingApart(nodeRuntime());
    const observer = await apart.createObserver!([file], plan, { worker: 0, threads: 1 });
    await observer.observe(feeds, [0]);
    expect((await observer.take()).get("y")?.finite).toBe(2 * (WIDTH + 64));
    await observer.dispose();
  });

  it("is not taken where another lies in its place by then", async () => {
    const file = await fileOf(beside);
    appendFileSync(join(folder, "weights.bin"), "more");
    for (const runtime of [nodeRuntime(), withSeparate(nodeRuntime(), false).separate!]) {
      await expect(run(runtime, file)).rejects.toThrow(FileChanged);
    }
    const createObserver = observingApart(nodeRuntime()).createObserver!;
    await expect(
      createObserver([file], { watch: ["y"], derived: [], seldom: [] }, { worker: 0, threads: 1 }),
    ).rejects.toThrow(FileChanged);
  });
});
