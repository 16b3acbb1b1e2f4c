import { readFileSync } from "node:fs";
import { beforeAll, expect, test } from "vitest";
import { graphOf } from "../graph/pass.ts";
import { exposeOutputs } from "../graph/shapes.ts";
import type { Runtime, Session } from "../model/runtime.ts";
import type { Tensor, TensorMap } from "../model/tensor.ts";
import { decodeModel } from "../onnx/decode.ts";
import { inputPorts } from "../onnx/ports.ts";
import { toModelFile } from "../onnx/runtimeFile.ts";
import { noise } from "../onnx/testing/build.ts";
import { wasmRuntime } from "./wasm.ts";

const root = new URL("../../../", import.meta.url);
const dist = new URL("node_modules/onnxruntime-web/dist/", root);
const model = decodeModel(new Uint8Array(readFileSync(new URL("public/sample/fashion-mnist-dw.onnx", root))), "sample");
const input = inputPorts(model)[0]?.name ?? "";
const names = graphOf(model).node.flatMap(({ output }) => output);
const feedsOf = (seed: number): TensorMap => new Map([[input, noise([1, 1, 28, 28], seed)]]);

let runtime: Runtime;
let session: Session;
beforeAll(async () => {
  const files = {
    wasm: new URL("ort-wasm-simd-threaded.wasm", dist).href,
    mjs: new URL("ort-wasm-simd-threaded.mjs", dist).href,
  };
  runtime = wasmRuntime(files, new URL("workers/ortEntry.mjs", root).href, 1);
  session = await runtime.createSession(toModelFile(exposeOutputs(model, names)), { threads: 1 });
});

async function peeked(feeds: TensorMap, fetches: readonly string[] = names): Promise<Map<string, Tensor>> {
  const seen = new Map<string, Tensor>();
  await session.peek?.(feeds, fetches, (name, tensor) => {
    seen.set(name, { ...tensor, data: (tensor.data as Float32Array).slice() });
  });
  return seen;
}

test("outputs seen in place are those that a run gives", async () => {
  const expected = await session.run(feedsOf(1), names);
  const seen = await peeked(feedsOf(1));
  expect([...seen.keys()].sort()).toEqual([...names].sort());
  for (const [name, tensor] of expected) expect(seen.get(name), name).toEqual(tensor);
  expect(await peeked(feedsOf(1), names.slice(2, 3))).toEqual(new Map([[names[2], expected.get(names[2] ?? "")]]));
});

test("runs that are asked for at once do not see each other's outputs", async () => {
  const expected = await Promise.all([1, 2, 3].map((seed) => session.run(feedsOf(seed), names)));
  const [first, second, third] = await Promise.all([
    peeked(feedsOf(1)),
    session.run(feedsOf(2), names.slice(0, 1)),
    peeked(feedsOf(3)),
  ]);
  const name = names[0] ?? "";
  expect([first, second, third].map((seen) => seen?.get(name))).toEqual(expected.map((run) => run.get(name)));
  expect(second?.size).toBe(1);
});

test("what the observer throws, and what the runtime refuses, reaches the caller; the session goes on", async () => {
  const fail = () => {
    throw new RangeError("enough");
  };
  await expect(session.peek?.(feedsOf(1), names, fail)).rejects.toThrow("enough");
  await expect(session.peek?.(new Map([[input, noise([1, 1, 5], 1)]]), names, () => undefined)).rejects.toThrow();
  expect((await peeked(feedsOf(4))).size).toBe(names.length);
});
