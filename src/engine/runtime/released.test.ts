import { expect, test } from "vitest";
import { makeNode } from "../onnx/attributes.ts";
import { toModelFile } from "../onnx/runtimeFile.ts";
import { buildModel, floatInput } from "../onnx/testing/build.ts";
import { nodeRuntime } from "./node.ts";

const VALUES = 2 ** 20;

const model = () =>
  buildModel({
    opset: 13,
    inputs: [floatInput("x", [VALUES])],
    outputs: ["y", "z"],
    nodes: [makeNode("Relu", ["x"], ["y"]), makeNode("Neg", ["x"], ["z"])],
  });

test("what is only shown is given back at once, and does not pile up until garbage is collected", async () => {
  const session = await nodeRuntime().createSession(toModelFile(model()), { threads: 1 });
  const feeds = new Map([["x", { type: "float32" as const, dims: [VALUES], data: new Float32Array(VALUES).fill(-2) }]]);
  const seen: [string, number][] = [];
  const kept: ArrayBufferView[] = [];
  const before = process.memoryUsage().arrayBuffers;
  for (let i = 0; i < 6; i++) {
    await session.peek?.(feeds, ["y", "z"], (name, { data }) => {
      seen.push([name, data[VALUES - 1] as number]);
      kept.push(data);
    });
  }
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(4 * VALUES);
  expect(kept.every(({ byteLength }) => byteLength === 0)).toBe(true);
  expect(seen.slice(-2)).toEqual([
    ["y", 0],
    ["z", 2],
  ]);
  await session.dispose();
});
