import { type ChildProcess, fork } from "node:child_process";
import { beforeEach, expect, it, vi } from "vitest";
import { type ModelFile, WorkerDied } from "../src/engine/model/runtime.ts";
import type { TensorMap } from "../src/engine/model/tensor.ts";
import { makeNode } from "../src/engine/onnx/attributes.ts";
import { toModelFile } from "../src/engine/onnx/runtimeFile.ts";
import { buildModel, floatInput, noise } from "../src/engine/onnx/testing/build.ts";
import { nodeRuntime } from "../src/engine/runtime/node.ts";
import { withSeparate } from "./separate.ts";

vi.mock("node:child_process", { spy: true });

const SIDE = 700;
const native = nodeRuntime();
const { separate } = withSeparate(native, false);
const options = { threads: 1 };

/** Its weight is larger than a pipe holds; its input has a name that every object has. */
const file: ModelFile = toModelFile(
  buildModel({
    opset: 13,
    inputs: [floatInput("constructor", [1, SIDE])],
    outputs: ["out"],
    nodes: [makeNode("MatMul", ["constructor", "w"], ["out"])],
    constants: { w: noise([SIDE, SIDE], 3) },
  }),
);
const feeds: TensorMap = new Map([["constructor", noise([1, SIDE], 5)]]);
const started = () => vi.mocked(fork).mock.results.map(({ value }) => value as ChildProcess);

async function outputOf(runtime: typeof native): Promise<ArrayLike<number | bigint>> {
  const session = await runtime.createSession(file, options);
  const { data } = (await session.run(feeds)).get("out")!;
  expect(session.inputs).toEqual([{ name: "constructor", type: "float32", dims: [1, SIDE] }]);
  await session.dispose();
  return data;
}

beforeEach(() => {
  expect(separate).toBeDefined();
});

it("gives what the runtime gives, and one process serves one model after the other", async () => {
  expect(await outputOf(separate!)).toEqual(await outputOf(native));
  expect(await outputOf(separate!)).toEqual(await outputOf(native));
  expect(started()).toHaveLength(1);
  expect(separate!.freeBytes!()).toBeGreaterThan(0);
});

it("ends a process whose model does not load, keeps one whose samples do not run, and goes on", async () => {
  const bad = { graph: new Uint8Array([1, 2, 3]), external: [] };
  await expect(separate!.createSession(bad, options)).rejects.toThrow(/protobuf/i);
  const session = await separate!.createSession(file, options);
  await expect(session.run(new Map([["constructor", noise([1, 3])]]))).rejects.toThrow(/dimension/i);
  expect((await session.run(feeds)).has("out")).toBe(true);
  expect(session.lastRunTime).toBeGreaterThan(0);
  await session.dispose();
  expect(await outputOf(separate!)).toEqual(await outputOf(native));
  expect(started()).toHaveLength(2);
});

it("outlives a process that crashes, while it runs or waits, and starts another", async () => {
  const session = await separate!.createSession(file, options);
  started().at(-1)!.kill("SIGSEGV");
  const died = session.run(feeds);
  await expect(died).rejects.toThrow(WorkerDied);
  await expect(died).rejects.toThrow(/SIGSEGV/);
  await session.dispose();
  const next = await outputOf(separate!);
  expect(next).toEqual(await outputOf(native));
  expect(started()).toHaveLength(3);
  const gone = new Promise((resolve) => started().at(-1)!.once("exit", resolve));
  started().at(-1)!.kill("SIGABRT");
  await gone;
  expect(await outputOf(separate!)).toEqual(next);
  expect(started()).toHaveLength(4);
});
