import * as web from "onnxruntime-web/wasm";
import { describe, expect, it } from "vitest";
import { exposeOutputs } from "../graph/shapes.ts";
import type { Tensor } from "../model/tensor.ts";
import { makeNode } from "../onnx/attributes.ts";
import { toModelFile } from "../onnx/runtimeFile.ts";
import { buildModel, floatInput, noise } from "../onnx/testing/build.ts";
import { nodeRuntime } from "./node.ts";
import { ortRuntime } from "./onnxruntime.ts";
import { OutputTap } from "./outputTap.ts";

web.env.wasm.numThreads = 1;
const wasm = ortRuntime(web, { label: "wasm", maxThreads: 1, provider: "wasm", tap: new OutputTap() });
const TAKEN = ["__proto__", "constructor", "toString", "hasOwnProperty", "valueOf", "__defineGetter__"];

describe.each([
  ["native", nodeRuntime()],
  ["WASM", wasm],
])("%s", (_, runtime) => {
  const run = async ([x, a, b, c]: readonly string[], fetched: readonly number[]) => {
    const model = buildModel({
      opset: 13,
      inputs: [floatInput(x!, [1, 4])],
      outputs: [c!],
      nodes: [makeNode("Mul", [x!, "k"], [a!]), makeNode("Relu", [a!], [b!]), makeNode("Add", [b!, a!], [c!])],
      constants: { k: noise([4]) },
    });
    const file = structuredClone(toModelFile(exposeOutputs(model, [a!, b!])));
    const session = await runtime.createSession(file, { threads: 1 });
    const names = [x!, a!, b!, c!];
    expect(session.inputs).toEqual([{ name: x, type: "float32", dims: [1, 4] }]);
    expect(session.outputs.map(({ name }) => name)).toEqual([c, a, b]);
    const feeds = new Map<string, Tensor>([
      [x!, { type: "float32", dims: [1, 4], data: Float32Array.of(1, -2, 3, 4) }],
    ]);
    const all = await session.run(feeds);
    const some = await session.run(
      feeds,
      fetched.map((i) => names[i]!),
    );
    await session.dispose();
    const byPlace = (results: typeof all) => names.map((name) => results.get(name)?.data);
    return { all: byPlace(all), some: byPlace(some), counts: [all.size, some.size] };
  };

  it.each([[[1]], [[2, 3]], [[3, 1, 2]]])(
    "names that every object has are like any other: outputs %j",
    async (fetched) => {
      const plain = await run(["x", "a", "b", "c"], fetched);
      expect(plain.counts).toEqual([3, fetched.length]);
      for (let turn = 0; turn < TAKEN.length; turn++) {
        const names = [0, 1, 2, 3].map((i) => TAKEN[(i + turn) % TAKEN.length]!);
        expect(await run(names, fetched)).toEqual(plain);
      }
    },
  );
});
