import { expect, test } from "vitest";
import { type OrtApi, ortRuntime } from "./onnxruntime.ts";

/** A package whose one session gives outputs as they are here. */
function packageGiving(results: Readonly<Record<string, object>>, isTensor: (name: string) => boolean = () => true) {
  const fetched: unknown[] = [];
  const outputMetadata = Object.keys(results).map((name) => ({
    name,
    isTensor: isTensor(name),
    type: "float16",
    shape: [],
  }));
  const session = {
    inputMetadata: [],
    outputMetadata,
    run: async (_: object, names?: readonly string[]) => {
      fetched.push(names);
      return Object.fromEntries(Object.entries(results).filter(([name]) => isTensor(name)));
    },
  };
  const ort = { InferenceSession: { create: async () => session } } as unknown as OrtApi;
  const runtime = ortRuntime(ort, { label: "a test", maxThreads: 1, provider: "cpu" });
  return { session: runtime.createSession({ graph: new Uint8Array(), external: [] }, { threads: 1 }), fetched };
}
const value = (type: string, dims: readonly number[], data: unknown) => ({
  type,
  dims,
  data,
  dispose: () => undefined,
});

test("float16 is given as its bits where the package has it as a Float16Array, as in newer browsers and Node", async () => {
  const bits = Uint16Array.of(0xffff, 0x3e00, 0xc000);
  const floats = { buffer: bits.buffer, byteOffset: 2, length: 2, 0: 1.5, 1: -2 };
  const { session } = packageGiving({ y: value("float16", [2], floats), z: value("float16", [3], bits) });
  const outputs = await (await session).run(new Map());
  expect(outputs.get("y")).toEqual({ type: "float16", dims: [2], data: Uint16Array.of(0x3e00, 0xc000) });
  expect(outputs.get("z")?.data).toEqual(bits);
});

test("texts are equal where their hashes are", async () => {
  const { session } = packageGiving({ y: value("string", [4], ["cat", "dog", "cat", ""]) });
  const { type, data } = (await (await session).run(new Map())).get("y")!;
  expect(type).toBe("uint64");
  expect(data[0]).toBe(data[2]);
  expect(new Set(data as BigUint64Array).size).toBe(3);
});

test("what is no tensor is not fetched, and all is where all are", async () => {
  const results = { y: value("float32", [1], Float32Array.of(1)), s: value("sequence", [], null) };
  const some = packageGiving(results, (name) => name !== "s");
  expect([...(await (await some.session).run(new Map())).keys()]).toEqual(["y"]);
  const all = packageGiving({ y: results.y });
  await (await all.session).run(new Map());
  expect([some.fetched, all.fetched]).toEqual([[["y"]], [undefined]]);
});
