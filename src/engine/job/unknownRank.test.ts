import { create } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { intsAttribute, makeNode } from "../onnx/attributes.ts";
import {
  AttributeProtoSchema,
  GraphProtoSchema,
  type NodeProto,
  AttributeProto_AttributeType as Type,
  ValueInfoProtoSchema,
} from "../onnx/proto/onnx_pb.ts";
import { scalar, vector } from "../onnx/tensor.ts";
import { buildModel, floatInput, noise, portInfo } from "../onnx/testing/build.ts";
import { needsShared } from "../testing/shared.ts";
import { sensitivity } from "./sensitivity.ts";
import { sharedCase } from "./testing/cases.ts";
import { context, datasetOf, open, runtime, settledOn } from "./testing/quantized.ts";

type Given = Parameters<typeof open>[0];
type Samples = Parameters<typeof datasetOf>[1];

async function measured(given: Given, samples: Samples): Promise<readonly string[]> {
  const model = await open(given);
  const data = datasetOf(model, samples);
  const recipe = await settledOn(model, data, 4);
  const request = { samples: 4, untilSettled: false };
  const { layers } = await sensitivity(model, recipe, data, request, runtime, context, () => undefined);
  for (const { alone } of layers) expect(alone.sqnr).toBeGreaterThan(15);
  return layers.map(({ layer }) => layer);
}

test("the shared case: sensitivity of Convs around a Loop", needsShared, async () => {
  const { bytes, calibration } = await sharedCase("loop-with-conv", ["x"]);
  expect(await measured(bytes, calibration)).toHaveLength(2);
});

const PADS = intsAttribute("pads", [1, 1, 1, 1]);
const samples = Array.from({ length: 4 }, (_, i) => new Map([["x", noise([1, 3, 6, 6], i + 1)]]));

function around(nodes: readonly NodeProto[], constants: Parameters<typeof buildModel>[0]["constants"] = {}) {
  return buildModel({
    opset: 13,
    inputs: [floatInput("x", [1, 3, 6, 6])],
    outputs: [portInfo({ name: "y", type: "float32", dims: [null, null, null, null] })],
    nodes: [
      makeNode("Conv", ["x", "w"], ["before"], { attributes: [PADS] }),
      ...nodes,
      makeNode("Conv", ["between", "v"], ["y"], { attributes: [PADS] }),
    ],
    constants: { w: noise([3, 3, 3, 3], 1), v: noise([2, 3, 3, 3], 2), ...constants },
  });
}

test("sensitivity where no rank follows: a Loop's result, and a Reshape to what is computed", async () => {
  const body = create(GraphProtoSchema, {
    name: "body",
    input: [
      portInfo({ name: "i", type: "int64", dims: [] }),
      portInfo({ name: "go", type: "bool", dims: [] }),
      create(ValueInfoProtoSchema, { name: "carried" }),
    ],
    output: ["go2", "next"].map((name) => create(ValueInfoProtoSchema, { name })),
    node: [makeNode("Identity", ["go"], ["go2"]), makeNode("Tanh", ["carried"], ["next"])],
  });
  const attributes = [create(AttributeProtoSchema, { name: "body", type: Type.GRAPH, g: body })];
  const looped = around([makeNode("Loop", ["times", "start", "before"], ["between"], { attributes })], {
    times: scalar("int64", 2),
    start: scalar("bool", 1),
  });
  expect(await measured(looped, samples)).toEqual(["Conv:before", "Conv:y"]);

  const reshaped = around(
    [
      makeNode("NonZero", ["mask"], ["found"]),
      makeNode("Squeeze", ["found", "axis"], ["places"]),
      makeNode("Gather", ["sizes", "places"], ["shape"]),
      makeNode("Reshape", ["before", "shape"], ["between"]),
    ],
    {
      mask: { type: "float32", dims: [5], data: Float32Array.of(1, 0, 1, 1, 1) },
      axis: vector("int64", [0]),
      sizes: vector("int64", [1, 99, 3, 6, 6]),
    },
  );
  expect(await measured(reshaped, samples)).toEqual(["Conv:before", "Conv:y"]);
});
