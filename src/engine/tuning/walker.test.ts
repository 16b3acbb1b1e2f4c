import { expect, test } from "vitest";
import { run } from "../graph/testing/native.ts";
import type { Session } from "../model/runtime.ts";
import type { Tensor } from "../model/tensor.ts";
import { makeNode } from "../onnx/attributes.ts";
import type { ModelProto } from "../onnx/proto/onnx_pb.ts";
import { buildModel, floatInput, noise } from "../onnx/testing/build.ts";
import { Walker, type WalkerParts } from "./walker.ts";

const SAMPLES = 4;
const { signal } = new AbortController();

/** x -> a -> b, and c of a and b: a is still read after b. */
const chain = (seed: number): ModelProto =>
  buildModel({
    opset: 13,
    inputs: [floatInput("x", [1, 3])],
    outputs: ["d"],
    nodes: [
      makeNode("MatMul", ["x", "w1"], ["a"]),
      makeNode("MatMul", ["a", "w2"], ["b"]),
      makeNode("Add", ["a", "b"], ["c"]),
      makeNode("MatMul", ["c", "w3"], ["d"]),
    ],
    constants: { w1: noise([3, 3], 1), w2: noise([3, 3], 2), w3: noise([3, 3], seed) },
  });

function partsOf(opened: ModelProto[] = []): WalkerParts {
  return {
    feeds: Array.from({ length: SAMPLES }, (_, i) => new Map([["x", noise([1, 3], i + 9)]])),
    typeOf: () => "float32",
    open: async (model): Promise<Session> => {
      opened.push(model);
      const session = { inputs: [], outputs: [], lastRunTime: 0, dispose: async () => undefined };
      return { ...session, run: (feeds) => run(model, feeds) };
    },
  };
}

async function whole(model: ModelProto, tensor: string): Promise<Tensor[]> {
  const exposed = buildModel({
    opset: 13,
    inputs: [floatInput("x", [1, 3])],
    outputs: [tensor],
    nodes: model.graph!.node,
  });
  exposed.graph!.initializer = model.graph!.initializer;
  return Promise.all(partsOf().feeds.map(async (feeds) => (await run(exposed, feeds, false)).get(tensor)!));
}

async function streamed(walker: Walker, tensor: string): Promise<Tensor[]> {
  const tensors: Tensor[] = [];
  for await (const each of walker.stream(tensor, signal)) tensors.push(each);
  return tensors;
}

const numbers = (tensors: readonly Tensor[]) =>
  tensors.map(({ data }) => Array.from(data as Float32Array, (x) => x.toFixed(5)));

test.each([
  ["room for all", 2 ** 20, [1, 1, 1, 1]],
  ["room for none, so that pieces run again", 0, [1, 2, 3, 4]],
])("with %s, every tensor is that of the whole graph", async (_, room, nodes) => {
  const opened: ModelProto[] = [];
  const walker = new Walker(chain(3), partsOf(opened), room);
  for (const tensor of ["x", "a", "b", "c", "d"]) {
    const expected = tensor === "x" ? partsOf().feeds.map((feeds) => feeds.get("x")!) : await whole(chain(3), tensor);
    expect(numbers(await streamed(walker, tensor))).toEqual(numbers(expected));
  }
  expect(opened.map(({ graph }) => graph!.node.length)).toEqual(nodes);
});

test("a tensor that lies behind is still there while something reads it", async () => {
  const walker = new Walker(chain(3), partsOf());
  await streamed(walker, "b");
  expect(numbers(await streamed(walker, "a"))).toEqual(numbers(await whole(chain(3), "a")));
  expect(numbers(await walker.advance("c", signal))).toEqual(numbers(await whole(chain(3), "c")));
});

test("what is still to run takes the weights of the model it became", async () => {
  const walker = new Walker(chain(3), partsOf());
  await streamed(walker, "c");
  walker.become(chain(77));
  expect(numbers(await streamed(walker, "d"))).toEqual(numbers(await whole(chain(77), "d")));
});

test("advancing keeps as many samples as there is room for", async () => {
  const walker = new Walker(chain(3), partsOf(), 40);
  expect(await walker.advance("a", signal)).toHaveLength(4);
  expect(await walker.advance("b", signal)).toHaveLength(2);
  expect(await streamed(walker, "d")).toHaveLength(2);
});
