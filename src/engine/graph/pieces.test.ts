import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { openObserving } from "../calibration/observing.ts";
import { photographs } from "../emit/testing/shared.ts";
import { open } from "../job/testing/quantized.ts";
import type { ObservationPlan, Runtime } from "../model/runtime.ts";
import type { TensorMap } from "../model/tensor.ts";
import { intAttribute, intsAttribute, makeNode } from "../onnx/attributes.ts";
import { inputPorts } from "../onnx/ports.ts";
import type { ModelProto, NodeProto } from "../onnx/proto/onnx_pb.ts";
import { toModelFile } from "../onnx/runtimeFile.ts";
import { buildModel, floatInput, noise } from "../onnx/testing/build.ts";
import { nodeRuntime } from "../runtime/node.ts";
import { packagedWasm } from "../runtime/packagedWasm.ts";
import { needsShared, readShared } from "../testing/shared.ts";
import { observationPlan } from "./observation.ts";
import { graphOf } from "./pass.ts";
import { type PieceRequest, piecesOf } from "./pieces.ts";
import { exposeOutputs } from "./shapes.ts";

const CHANNELS = 16;
const SIDE = 8;

const pads = { attributes: [intsAttribute("pads", [1, 1, 1, 1])] };
const pool = {
  attributes: [intsAttribute("kernel_shape", [3, 3]), intsAttribute("strides", [1, 1]), ...pads.attributes],
};

const OPERATORS: Readonly<Record<string, (from: string, other: string, to: string, i: number) => NodeProto[]>> = {
  conv: (from, _, to, i) => [makeNode("Conv", [from, `w${i % 3}`, "bias"], [to], pads)],
  relu: (from, _, to) => [makeNode("Relu", [from], [to])],
  sigmoid: (from, _, to) => [makeNode("Sigmoid", [from], [to])],
  add: (from, other, to) => [makeNode("Add", [from, other], [to])],
  mul: (from, other, to) => [makeNode("Mul", [from, other], [to])],
  max: (from, _, to) => [makeNode("MaxPool", [from], [to], pool)],
  average: (from, _, to) => [makeNode("AveragePool", [from], [to], pool)],
  shrink: (from, other, to) => [
    makeNode("GlobalAveragePool", [from], [`${to}.mean`]),
    makeNode("Mul", [other, `${to}.mean`], [to]),
  ],
  normalize: (from, _, to) => [makeNode("BatchNormalization", [from, "bias", "bias", "bias", "variance"], [to])],
  joined: (from, other, to, i) => [
    makeNode("Concat", [from, other], [`${to}.both`], { attributes: [intAttribute("axis", 1)] }),
    makeNode("Conv", [`${to}.both`, `wide${i % 2}`, "bias"], [to], pads),
  ],
  turned: (from, _, to) => [
    makeNode("Transpose", [from], [`${to}.turned`], { attributes: [intsAttribute("perm", [0, 2, 3, 1])] }),
    makeNode("ReduceMean", [`${to}.turned`], [`${to}.least`], { attributes: [intsAttribute("axes", [1])] }),
    makeNode("Sub", [`${to}.turned`, `${to}.least`], [`${to}.less`]),
    makeNode("Transpose", [`${to}.less`], [to], { attributes: [intsAttribute("perm", [0, 3, 1, 2])] }),
  ],
};

/** Graphs of layers that each read two earlier tensors of 16 channels. */
const graphs = fc
  .array(fc.tuple(fc.nat(3), fc.nat(), fc.constantFrom(...Object.keys(OPERATORS))), { minLength: 3, maxLength: 14 })
  .map((choices) => {
    const made = ["x"];
    const node = choices.flatMap(([back, other, name], i) => {
      const from = made.at(-1 - (back % made.length))!;
      const nodes = OPERATORS[name]!(from, made[other % made.length]!, `t${i}`, i);
      made.push(`t${i}`);
      return nodes;
    });
    return withConstants(node, made.at(-1)!);
  });

function withConstants(nodes: NodeProto[], output: string): ModelProto {
  const weights = [0, 1, 2].map((i) => [`w${i}`, noise([CHANNELS, CHANNELS, 3, 3], i + 1)] as const);
  const wide = [0, 1].map((i) => [`wide${i}`, noise([CHANNELS, 2 * CHANNELS, 3, 3], i + 5)] as const);
  const variance = noise([CHANNELS], 8);
  return buildModel({
    opset: 13,
    inputs: [floatInput("x", [1, CHANNELS, SIDE, SIDE])],
    outputs: [output],
    nodes,
    constants: Object.fromEntries([
      ...weights,
      ...wide,
      ["bias", noise([CHANNELS], 7)],
      ["variance", { ...variance, data: (variance.data as Float32Array).map((value) => 1 + Math.abs(value)) }],
    ]),
  });
}

/** What ONNX Runtime finds of the tensors of `graphs`. */
function shapeOf(tensor: string): number[] {
  const parts = tensor.split(".");
  if (parts[1] === "mean") return [1, CHANNELS, 1, 1];
  if (parts[1] === "least") return [1, 1, SIDE, CHANNELS];
  if (parts[1] === "both") return [1, 2 * CHANNELS, SIDE, SIDE];
  return parts[1] ? [1, SIDE, SIDE, CHANNELS] : [1, CHANNELS, SIDE, SIDE];
}

function requestFor(model: ModelProto, bound: number): PieceRequest & { readonly watch: readonly string[] } {
  const watch = ["x", ...graphOf(model).node.flatMap(({ output }) => output)];
  const free = new Set(["x", ...observationPlan(model, watch).derived.map(({ tensor }) => tensor)]);
  return {
    watch,
    exposed: watch.filter((name) => !free.has(name)),
    typeOf: () => "float32",
    dimsOf: shapeOf,
    bytesOf: () => 1,
    bound,
  };
}

async function observed(
  runtime: Runtime,
  pieces: readonly ModelProto[],
  plan: ObservationPlan,
  sampleOf: (index: number) => TensorMap = (index) => new Map([["x", noise([1, CHANNELS, SIDE, SIDE], 20 + index)]]),
) {
  const observer = await openObserving(runtime, pieces.map(toModelFile), plan, 1);
  try {
    for (const sample of [0, 1]) await observer.observe(sampleOf(sample), [sample]);
    return await observer.take();
  } finally {
    await observer.dispose();
  }
}

/** `toEqual` of long typed arrays takes seconds: it words the difference alone. */
function expectSame(found: unknown, wanted: unknown) {
  if (!isDeepStrictEqual(found, wanted)) expect(found).toEqual(wanted);
}

describe("a graph in pieces", () => {
  test("is observed to the same statistics, bit by bit, as the whole", () =>
    fc.assert(
      fc.asyncProperty(graphs, fc.integer({ min: 1, max: 6 }), async (model, bound) => {
        const request = requestFor(model, bound);
        const pieces = piecesOf(model, request);
        const whole = exposeOutputs(model, request.exposed);
        const plan = observationPlan(model, request.watch);
        const native = nodeRuntime();
        expectSame(
          await observed(native, pieces.length > 0 ? pieces : [whole], plan),
          await observed(native, [whole], plan),
        );
      }),
      { numRuns: 20 },
    ));

  test("is cut so that no piece makes more than the bound, where every tensor between layers is seen", () => {
    const nodes = Array.from({ length: 9 }, (_, i) =>
      makeNode("Conv", [i ? `t${i - 1}` : "x", "w0", "bias"], [`t${i}`], pads),
    );
    const model = withConstants(nodes, "t8");
    const sizes = (bound: number) =>
      piecesOf(model, requestFor(model, bound)).map((piece) => graphOf(piece).node.length);
    expect(sizes(3)).toEqual([3, 3, 3]);
    expect(sizes(4)).toEqual([4, 4, 1]);
    expect(sizes(9)).toEqual([]);
  });

  test("gives each tensor once, and what a later piece reads", () => {
    const nodes = [
      makeNode("Conv", ["x", "w0", "bias"], ["a"], pads),
      makeNode("Relu", ["a"], ["b"]),
      makeNode("Conv", ["b", "w1", "bias"], ["c"], pads),
      makeNode("Add", ["b", "c"], ["d"]),
    ];
    const model = withConstants(nodes, "d");
    const outputs = piecesOf(model, requestFor(model, 2)).map((piece) => graphOf(piece).output.map(({ name }) => name));
    expect(outputs).toEqual([
      ["a", "b"],
      ["c", "d"],
    ]);
  });

  const layers = (second: NodeProto[], output: string) =>
    withConstants([makeNode("Conv", ["x", "w0", "bias"], ["a"], pads), ...second], output);

  test("is not cut where a runtime adds in an order of its own between two layers", () => {
    const mean = layers([makeNode("Relu", ["a"], ["b"]), makeNode("GlobalAveragePool", ["b"], ["c"])], "c");
    expect(piecesOf(mean, requestFor(mean, 1))).toEqual([]);
    const plain = layers([makeNode("Relu", ["a"], ["b"]), makeNode("Conv", ["b", "w1", "bias"], ["c"], pads)], "c");
    expect(piecesOf(plain, requestFor(plain, 1))).toHaveLength(2);
  });

  test("is not cut where anything but float32 would be carried on", () => {
    const model = layers([makeNode("Relu", ["a"], ["b"]), makeNode("Conv", ["b", "w1", "bias"], ["c"], pads)], "c");
    const typeOf: PieceRequest["typeOf"] = (tensor) => (tensor === "a" || tensor === "b" ? "float16" : "float32");
    expect(piecesOf(model, { ...requestFor(model, 1), typeOf })).toEqual([]);
  });

  const imagenet = { scale: 1 / 255, mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] };

  test.each([
    ["mnist_cntk", () => (index: number) => noise([1, 1, 28, 28], index + 1), 2 ** 13, 3],
    ["squeezenet1.1", () => photographs(imagenet), 2 ** 20, 6],
    ["mobilenet_v1_0.75_224", () => photographs(imagenet), 2 ** 21, 8],
    ["ultraface_rfb320", () => photographs({ ...imagenet, height: 240, width: 320 }), 2 ** 21, 5],
  ] as const)(
    "of %s is observed as the whole is, natively and in WASM",
    needsShared,
    async (name, sampler, bound, least) => {
      const model = await open(readShared(`models/${name}.onnx`));
      const plan = observationPlan(
        model.observed,
        [...model.types.keys()].filter((each) => model.types.get(each) === "float32"),
      );
      const input = inputPorts(model.observed)[0]!.name;
      const free = new Set([input, ...plan.derived.map(({ tensor }) => tensor)]);
      const exposed = plan.watch.filter((each) => !free.has(each));
      const pieces = piecesOf(model.observed, {
        exposed,
        typeOf: (tensor) => model.types.get(tensor) ?? "other",
        dimsOf: (tensor) => model.inferred.get(tensor),
        bytesOf: (tensor) =>
          4 * (model.inferred.get(tensor) ?? []).reduce<number>((size, dim) => size * (Number(dim) || 1), 1),
        bound,
      });
      expect(pieces.length).toBeGreaterThanOrEqual(least);
      const sampleOf = sampler();
      const feeds = (index: number): TensorMap => new Map([[input, sampleOf(index)]]);
      for (const runtime of [nodeRuntime(), await packagedWasm(1)]) {
        expectSame(
          await observed(runtime, pieces, plan, feeds),
          await observed(runtime, [exposeOutputs(model.observed, exposed)], plan, feeds),
        );
      }
    },
  );
});
