import { npyBytes, npzBytes } from "../../src/engine/data/testing/files.ts";
import type { Port } from "../../src/engine/model/tensor.ts";
import { intAttribute, makeNode } from "../../src/engine/onnx/attributes.ts";
import { concat, encodeModel } from "../../src/engine/onnx/encode.ts";
import { buildModel, noise, portInfo } from "../../src/engine/onnx/testing/build.ts";

const WORDS = 30;
const WIDTH = 8;
export const TOKENS = 6;

const input = (name: string): Port => ({ name, type: "int64", dims: [1, "T"] });

/** Words and segments are looked up, added, multiplied by two weights, and masked. */
export function tokenModel(): Uint8Array {
  const nodes = [
    makeNode("Gather", ["words", "input_ids"], ["word"], { name: "word" }),
    makeNode("Gather", ["segments", "segment"], ["kind"], { name: "kind" }),
    makeNode("Add", ["word", "kind"], ["embedded"], { name: "embedded" }),
    makeNode("MatMul", ["embedded", "first"], ["hidden"], { name: "hidden" }),
    makeNode("Relu", ["hidden"], ["active"], { name: "active" }),
    makeNode("MatMul", ["active", "second"], ["scores"], { name: "scores" }),
    makeNode("Cast", ["attention_mask"], ["mask"], { name: "mask", attributes: [intAttribute("to", 1)] }),
    makeNode("Unsqueeze", ["mask", "axis"], ["wide_mask"], { name: "wide_mask" }),
    makeNode("Mul", ["scores", "wide_mask"], ["masked"], { name: "masked" }),
  ];
  const constants = {
    words: noise([WORDS, WIDTH]),
    segments: noise([2, WIDTH], 3),
    first: noise([WIDTH, WIDTH], 5),
    second: noise([WIDTH, 4], 7),
    axis: { type: "int64", dims: [1], data: BigInt64Array.of(2n) } as const,
  };
  const inputs = ["input_ids", "attention_mask", "segment"].map((name) => portInfo(input(name)));
  return concat(encodeModel(buildModel({ opset: 17, inputs, outputs: ["masked"], nodes, constants })));
}

const longs = (count: number, value: (i: number) => number) =>
  BigInt64Array.from({ length: count * TOKENS }, (_, i) => BigInt(value(i)));

/** The values of each input, of so many samples. */
export function tokenValues(count: number): Readonly<Record<string, BigInt64Array>> {
  return {
    input_ids: longs(count, (i) => (i * i + 3) % WORDS),
    attention_mask: longs(count, (i) => (i % TOKENS < 5 ? 1 : 0)),
    segment: longs(count, (i) => (i % TOKENS < 3 ? 0 : 1)),
  };
}

/** The same as .npy files. */
export function tokenArrays(count: number): Readonly<Record<string, Uint8Array>> {
  const entries = Object.entries(tokenValues(count));
  return Object.fromEntries(entries.map(([name, values]) => [name, npyBytes("<i8", [count, TOKENS], values)]));
}

/** The same as one .npz file. */
export function tokenSamples(count: number): Uint8Array {
  return npzBytes(tokenArrays(count));
}
