import { expect, it } from "vitest";
import { makeNode } from "../onnx/attributes.ts";
import { encodeModel } from "../onnx/encode.ts";
import { buildModel, floatInput, noise } from "../onnx/testing/build.ts";
import { nodeRuntime } from "../runtime/node.ts";
import { verifyLoads } from "./verify.ts";

it("loads the bytes of the file, and not what they were made from", async () => {
  const model = buildModel({
    opset: 13,
    inputs: [floatInput("x", [1, 200])],
    outputs: ["y"],
    nodes: [makeNode("MatMul", ["x", "w"], ["y"])],
    constants: { w: noise([200, 200]) },
  });
  const chunks = encodeModel(model);
  expect(chunks.length).toBeGreaterThan(1);
  await verifyLoads({ chunks }, nodeRuntime());
  await expect(verifyLoads({ chunks: chunks.slice(0, -1) }, nodeRuntime())).rejects.toThrow();
  await expect(verifyLoads({ chunks: [...chunks].reverse() }, nodeRuntime())).rejects.toThrow();
});
