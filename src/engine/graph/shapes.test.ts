import { describe, expect, it } from "vitest";
import { makeNode } from "../onnx/attributes.ts";
import { inputPorts } from "../onnx/ports.ts";
import type { ModelProto } from "../onnx/proto/onnx_pb.ts";
import { buildModel, floatInput, noise } from "../onnx/testing/build.ts";
import { graphOf } from "./pass.ts";
import { weightsAsInputs } from "./shapes.ts";
import { run } from "./testing/native.ts";

function model(): ModelProto {
  return buildModel({
    opset: 13,
    inputs: [floatInput("x", [2, 256])],
    outputs: ["y"],
    nodes: [makeNode("MatMul", ["x", "w"], ["m"]), makeNode("Reshape", ["m", "shape"], ["y"])],
    constants: {
      w: noise([256, 64]),
      shape: { type: "int64", dims: [3], data: BigInt64Array.of(2n, 8n, 8n) },
    },
  });
}

describe("weightsAsInputs", () => {
  it("makes large weights inputs of their shapes, and keeps what shapes follow from", () => {
    const thin = weightsAsInputs(model());
    expect(inputPorts(thin)).toEqual([
      { name: "x", type: "float32", dims: [2, 256] },
      { name: "w", type: "float32", dims: [256, 64] },
    ]);
    expect(graphOf(thin).initializer.map(({ name }) => name)).toEqual(["shape"]);
  });

  it("computes the same when the weights are fed", async () => {
    const feeds = new Map([["x", noise([2, 256], 3)]]);
    const expected = await run(model(), feeds);
    expect(await run(weightsAsInputs(model()), new Map([...feeds, ["w", noise([256, 64])]]))).toEqual(expected);
  });

  it("leaves small weights, and names that are inputs already", () => {
    const small = buildModel({
      opset: 13,
      inputs: [floatInput("x", [2, 4])],
      outputs: ["y"],
      nodes: [makeNode("MatMul", ["x", "w"], ["y"])],
      constants: { w: noise([4, 4]) },
    });
    expect(graphOf(weightsAsInputs(small)).initializer).toHaveLength(1);
  });
});
