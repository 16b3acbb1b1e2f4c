import { describe, expect, test } from "vitest";
import { exposeOutputs } from "../graph/shapes.ts";
import { run } from "../graph/testing/native.ts";
import type { TensorMap } from "../model/tensor.ts";
import { intAttribute, intsAttribute, makeNode } from "../onnx/attributes.ts";
import { decodeModel } from "../onnx/decode.ts";
import { concat } from "../onnx/encode.ts";
import { withFields } from "../onnx/messages.ts";
import { portOf } from "../onnx/ports.ts";
import type { GraphProto, ModelProto, ValueInfoProto } from "../onnx/proto/onnx_pb.ts";
import { buildModel, floatInput, noise } from "../onnx/testing/build.ts";
import { faultsOf } from "../onnx/testing/checker.ts";
import { needsShared } from "../testing/shared.ts";
import { sharedCase } from "./testing/cases.ts";
import { open, quantizeAndCompare } from "./testing/quantized.ts";

/** Shapes that the written file states of what it makes, other than those that a run of it has. */
async function wrongShapes(written: ModelProto, feeds: TensorMap): Promise<string[]> {
  const graph = written.graph!;
  const stated = [...graph.valueInfo, ...graph.output].map(portOf);
  const made = await run(
    exposeOutputs(
      written,
      graph.valueInfo.map(({ name }) => name),
    ),
    feeds,
    false,
  );
  return stated.flatMap(({ name, dims }) => {
    const real = made.get(name)?.dims ?? feeds.get(name)?.dims ?? [];
    const fits = real.length === dims.length && dims.every((dim, i) => typeof dim !== "number" || dim === real[i]);
    return fits ? [] : [`${name}: ${dims} is ${real}`];
  });
}

test("the shared case states no wrong shape", needsShared, async () => {
  const { bytes, calibration, unseen } = await sharedCase("stale-shapes", ["x"]);
  const { quantized, sqnr } = await quantizeAndCompare(bytes, calibration, unseen);
  const written = decodeModel(concat(quantized.chunks), "written.onnx");
  expect(await wrongShapes(written, unseen[0]!)).toEqual([]);
  expect(sqnr.logits).toBeGreaterThan(25);
});

const nodes = [
  makeNode("Conv", ["x", "w"], ["a"], { attributes: [intsAttribute("pads", [1, 1, 1, 1])] }),
  makeNode("Relu", ["a"], ["r"]),
  makeNode("MaxPool", ["r"], ["m"], {
    attributes: [intsAttribute("kernel_shape", [2, 2]), intsAttribute("strides", [2, 2])],
  }),
  makeNode("Flatten", ["m"], ["f"]),
  makeNode("Gemm", ["f", "v"], ["out"]),
  makeNode("ReduceSum", ["f"], ["sum"], { attributes: [intAttribute("keepdims", 0)] }),
  makeNode("Add", ["out", "sum"], ["both"]),
];

function stating(
  batch: number | string,
  valueInfo: readonly ValueInfoProto[],
  output: readonly ValueInfoProto[],
): ModelProto {
  const model = buildModel({
    opset: 13,
    inputs: [floatInput("x", [batch, 4, 8, 8])],
    outputs: ["both"],
    nodes,
    constants: { w: noise([4, 4, 3, 3], 3), v: noise([64, 5], 4) },
  });
  return withFields(model, {
    graph: withFields(model.graph as GraphProto, { valueInfo: [...valueInfo], output: [...output] }),
  });
}

const samples = (from: number, batch = 1): TensorMap[] =>
  Array.from({ length: 4 }, (_, i) => new Map([["x", noise([batch, 4, 8, 8], from + i)]]));

describe("shapes that a file states", () => {
  test.each<readonly [string, number | string, ValueInfoProto[], ValueInfoProto[]]>([
    [
      "of another size",
      1,
      [floatInput("a", [1, 4, 9, 9]), floatInput("r", [2, 4, 8, 8])],
      [floatInput("both", [1, 5])],
    ],
    ["of another rank", 1, [floatInput("f", [1, 4, 16]), floatInput("sum", [1])], [floatInput("both", [1, 5])]],
    ["of an output", 1, [], [floatInput("both", [1, 10])]],
    ["of a batch of one in a model of any batch", "N", [floatInput("m", [1, 4, 4, 4])], [floatInput("both", [1, 5])]],
    ["rightly", 1, [floatInput("m", [1, 4, 4, 4]), floatInput("f", [1, 64])], [floatInput("both", [1, 5])]],
  ])("%s", async (_, batch, valueInfo, output) => {
    const made = await quantizeAndCompare(stating(batch, valueInfo, output), samples(1), samples(9));
    const written = decodeModel(concat(made.quantized.chunks), "written.onnx");
    expect(await wrongShapes(written, samples(20, typeof batch === "string" ? 3 : 1)[0]!)).toEqual([]);
    expect(Math.min(...Object.values(made.sqnr))).toBeGreaterThan(20);
  });

  test("stay where they are right, or more is stated than follows", async () => {
    const right = [floatInput("m", [1, 4, 4, 4]), floatInput("f", ["B", 64])];
    const { folded } = await open(stating(1, right, [floatInput("both", [1, 5])]));
    expect(folded.graph?.valueInfo).toEqual(right);
    expect(folded.graph?.output.map(portOf)).toEqual([{ name: "both", type: "float32", dims: [1, 5] }]);
    const reshaped = buildModel({
      opset: 13,
      inputs: [floatInput("x", [1, 4, 8, 8]), floatInput("s", ["R"])],
      outputs: ["out"],
      nodes: [
        makeNode("Cast", ["s"], ["i"], { attributes: [intAttribute("to", 7)] }),
        makeNode("Reshape", ["x", "i"], ["out"]),
      ],
    });
    const declared = floatInput("out", [16, 16]);
    const given = withFields(reshaped, { graph: withFields(reshaped.graph as GraphProto, { output: [declared] }) });
    const model = await open(given, { shapes: {}, values: { s: 16 } });
    expect(model.folded.graph?.output).toEqual([declared]);
    expect(model.dims.get("out")).toEqual([16, 16]);
  });

  test("are put right where an output has another", async () => {
    const { folded } = await open(stating("N", [], [floatInput("both", [1, 10])]));
    expect(folded.graph?.output.map(portOf)).toEqual([{ name: "both", type: "float32", dims: ["N", 5] }]);
  });
});

test("an output of which the file states no type gets the one it has", async () => {
  const untyped = buildModel({
    opset: 13,
    inputs: [floatInput("x", [1, 8])],
    outputs: ["y"],
    nodes: [makeNode("MatMul", ["x", "w"], ["y"])],
    constants: { w: noise([8, 8]) },
  });
  expect(faultsOf(untyped)).toContain('output "y" has no type');
  const { quantized } = await quantizeAndCompare(untyped, [new Map([["x", noise([1, 8], 2)]])], []);
  expect(faultsOf(quantized.model)).toEqual([]);
});
