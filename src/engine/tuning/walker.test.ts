import { expect, test } from "vitest";
import { run } from "../graph/testing/native.ts";
import type { Session } from "../model/runtime.ts";
import type { Tensor } from "../model/tensor.ts";
import { makeNode } from "../onnx/attributes.ts";
import type { ModelProto, NodeProto } from "../onnx/proto/onnx_pb.ts";
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

const feeds = Array.from({ length: SAMPLES }, (_, i) => new Map([["x", noise([1, 3], i + 9)]]));

function partsOf(opened: ModelProto[] = []): WalkerParts {
  return {
    typeOf: () => "float32",
    open: async (model): Promise<Session> => {
      opened.push(model);
      const session = { inputs: [], outputs: [], lastRunTime: 0, dispose: async () => undefined };
      return { ...session, run: (feeds) => run(model, feeds) };
    },
  };
}

async function whole(model: ModelProto, tensor: string): Promise<string[][]> {
  const exposed = buildModel({
    opset: 13,
    inputs: [floatInput("x", [1, 3])],
    outputs: [tensor],
    nodes: model.graph!.node,
  });
  exposed.graph!.initializer = model.graph!.initializer;
  return Promise.all(feeds.map(async (each) => numbers((await run(exposed, each, false)).get(tensor)!)));
}

/** What is streamed is good until the next is asked for. */
async function streamed(walker: Walker, tensor: string): Promise<string[][]> {
  const tensors: string[][] = [];
  for await (const each of walker.stream(tensor, signal)) tensors.push(numbers(each));
  return tensors;
}

const numbers = ({ data }: Tensor) => Array.from(data as Float32Array, (x) => x.toFixed(5));

const negate = ({ data }: Tensor) => {
  (data as Float32Array).forEach((value, i) => {
    data[i] = -value;
  });
};

test.each([
  ["room for all", 2 ** 20, [1, 1, 1, 1]],
  ["room for none, so that pieces run again", 0, [1, 2, 3, 4]],
])("with %s, every tensor is that of the whole graph", async (_, room, nodes) => {
  const opened: ModelProto[] = [];
  const walker = new Walker(chain(3), feeds, partsOf(opened), room);
  for (const tensor of ["x", "a", "b", "c", "d"]) {
    const expected = tensor === "x" ? feeds.map((each) => numbers(each.get("x")!)) : await whole(chain(3), tensor);
    expect(await streamed(walker, tensor)).toEqual(expected);
  }
  expect(opened.map(({ graph }) => graph!.node.length)).toEqual(nodes);
});

test("a tensor that lies behind is still there while something reads it", async () => {
  const walker = new Walker(chain(3), feeds, partsOf());
  await streamed(walker, "b");
  expect(await streamed(walker, "a")).toEqual(await whole(chain(3), "a"));
  expect(await streamed(walker, "c")).toEqual(await whole(chain(3), "c"));
});

test("what is still to run takes the weights of the model it became", async () => {
  const walker = new Walker(chain(3), feeds, partsOf());
  await streamed(walker, "c");
  walker.become(chain(77));
  expect(await streamed(walker, "d")).toEqual(await whole(chain(77), "d"));
});

test.each([2 ** 20, 0])("a changed tensor is what the rest reads, with room for %i bytes", async (room) => {
  const opened: ModelProto[] = [];
  const walker = new Walker(chain(3), feeds, partsOf(opened), room);
  const negated = new Walker(withNegated(), feeds, partsOf());
  expect(await streamed(walker, "a")).toEqual(await streamed(negated, "a"));
  walker.change("a", negate);
  expect(await streamed(walker, "b")).toEqual(await streamed(negated, "b"));
  walker.change("b", negate);
  expect(await streamed(walker, "d")).toEqual(await streamed(negated, "d"));
  expect(opened.map(({ graph }) => graph!.node.length)).toEqual(room === 0 ? [1, 1, 1, 1, 1, 2] : [1, 1, 2]);
});

/** The chain with a and b negated where they are read. */
function withNegated(): ModelProto {
  const model = chain(3);
  const graph = model.graph!;
  const [a, b, c, d] = graph.node as [NodeProto, NodeProto, NodeProto, NodeProto];
  b.input[0] = "-a";
  c.input.splice(0, 2, "-a", "-b");
  graph.node = [a, makeNode("Neg", ["a"], ["-a"]), b, makeNode("Neg", ["b"], ["-b"]), c, d];
  return model;
}

test("says what the rest still reads of the samples streamed, and goes on with fewer", async () => {
  const walker = new Walker(chain(3), feeds, partsOf());
  const bytes: number[] = [];
  for await (const _ of walker.stream("b", signal)) {
    bytes.push(walker.passedBytes);
    if (bytes.length === 2) break;
  }
  expect(bytes).toEqual([24, 48]);
  walker.keep(2);
  expect(walker.samples).toBe(2);
  expect(await streamed(walker, "d")).toEqual((await whole(chain(3), "d")).slice(0, 2));
});

/** x of 3 values, then tensors of 16 MiB in all samples, and one of 3 values again. */
function wide(): ModelProto {
  return buildModel({
    opset: 13,
    inputs: [floatInput("x", [1, 3])],
    outputs: ["e"],
    nodes: [
      makeNode("MatMul", ["x", "w1"], ["a"]),
      ...["ab", "bc", "cd", "df"].map(([from, to]) => makeNode("Neg", [from!], [to!])),
      makeNode("MatMul", ["f", "w2"], ["e"]),
    ],
    constants: { w1: noise([3, 2 ** 20], 1), w2: noise([2 ** 20, 3], 2) },
  });
}

test("what takes more than what is kept is kept only once it was made again often enough", async () => {
  const opened: ModelProto[] = [];
  const walker = new Walker(wide(), feeds, partsOf(opened));
  for (const tensor of ["a", "b", "c", "d", "f", "e"]) for await (const _ of walker.stream(tensor, signal));
  expect(opened.map(({ graph }) => graph!.node.length)).toEqual([1, 2, 3, 4, 1, 1]);
});
