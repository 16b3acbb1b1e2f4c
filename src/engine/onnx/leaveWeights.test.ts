import { expect, it } from "vitest";
import { storedInMemory } from "../job/testing/storedFile.ts";
import { StoredBytes } from "../model/deferred.ts";
import { makeNode } from "./attributes.ts";
import { decodeModel } from "./decode.ts";
import { concat, encodeModel } from "./encode.ts";
import { attachExternal } from "./external.ts";
import { leaveWeights } from "./leaveWeights.ts";
import { deferredOf, rawBytes } from "./tensorBytes.ts";
import { buildModel, floatInput, noise } from "./testing/build.ts";

const SIDE = 520;
const model = buildModel({
  opset: 17,
  inputs: [floatInput("x", [1, SIDE])],
  outputs: ["y"],
  nodes: [makeNode("MatMul", ["x", "large"], ["h"]), makeNode("MatMul", ["h", "small"], ["y"])],
  constants: { large: noise([SIDE, SIDE], 1), small: noise([SIDE, 3], 2) },
});
const bytes = concat(encodeModel(model));

it("leaves large initializers where they are in the file and keeps all else", () => {
  const graph = leaveWeights(storedInMemory(bytes), "net.onnx", "itself")!;
  expect(graph.length).toBeLessThan(bytes.length - 4 * SIDE * SIDE + 200);
  const attached = attachExternal(decodeModel(graph, "net.onnx"), new Map([["itself", storedInMemory(bytes)]]));
  const [large, small] = attached.graph!.initializer;
  expect(deferredOf(large!)).toBeInstanceOf(StoredBytes);
  expect(deferredOf(small!)).toBeNull();
  const whole = attachExternal(decodeModel(graph, "net.onnx"), new Map([["itself", bytes]]));
  expect(Buffer.compare(concat(encodeModel(whole)), bytes)).toBe(0);
  expect(Buffer.compare(rawBytes(large!), model.graph!.initializer[0]!.rawData)).toBe(0);
});

it.each([
  ["cut short", bytes.subarray(0, bytes.length - 5000)],
  ["with a field that no message has", Uint8Array.from([0x3f, ...bytes.subarray(1)])],
  ["that is zeros", new Uint8Array(100)],
])("gives nothing of a file %s", (_, damaged) => {
  const left = leaveWeights(storedInMemory(damaged), "net.onnx", "itself");
  if (left) expect(() => decodeModel(left, "net.onnx")).toThrow('"net.onnx"');
});
