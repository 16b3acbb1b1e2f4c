import { expect, it } from "vitest";
import { makeNode } from "../onnx/attributes.ts";
import { encodeModel } from "../onnx/encode.ts";
import { buildModel, floatInput, noise } from "../onnx/testing/build.ts";
import { nodeRuntime } from "../runtime/node.ts";
import { writtenFile } from "./verify.ts";

it("is the bytes of the file, and not what they were made from", async () => {
  const model = buildModel({
    opset: 13,
    inputs: [floatInput("x", [1, 200])],
    outputs: ["y"],
    nodes: [makeNode("MatMul", ["x", "w"], ["y"])],
    constants: { w: noise([200, 200]) },
  });
  const chunks = encodeModel(model);
  expect(chunks.length).toBeGreaterThan(1);
  const load = (parts: readonly Uint8Array[]) =>
    nodeRuntime().createSession(writtenFile({ name: "m.onnx", chunks: parts }), { threads: 1 });
  await (await load(chunks)).dispose();
  await expect((async () => load(chunks.slice(0, -1)))()).rejects.toThrow();
  await expect((async () => load([...chunks].reverse()))()).rejects.toThrow();
});
