import { createHash } from "node:crypto";
import { create } from "@bufbuild/protobuf";
import { expect, it } from "vitest";
import type { TensorMap } from "../model/tensor.ts";
import { makeNode } from "../onnx/attributes.ts";
import { decodeModel } from "../onnx/decode.ts";
import { concat, encodeModel } from "../onnx/encode.ts";
import { withFields } from "../onnx/messages.ts";
import { type ModelProto, StringStringEntryProtoSchema } from "../onnx/proto/onnx_pb.ts";
import { buildModel, floatInput, noise } from "../onnx/testing/build.ts";
import { originOf } from "./origin.ts";
import { Beside } from "./quantizedBeside.ts";
import { readQuantized } from "./readQuantized.ts";
import { open, quantizeAndCompare } from "./testing/quantized.ts";

const CHANNELS = 8;

function network(seed: number, metadata: Readonly<Record<string, string>> = {}): ModelProto {
  const model = buildModel({
    opset: 13,
    inputs: [floatInput("x", [1, CHANNELS, 6, 6])],
    outputs: [floatInput("y", [1, CHANNELS, 4, 4])],
    nodes: [
      makeNode("Conv", ["x", "v"], ["h"], { name: "first" }),
      makeNode("Relu", ["h"], ["r"], { name: "rectified" }),
      makeNode("Conv", ["r", "w"], ["y"], { name: "second" }),
    ],
    constants: { v: noise([CHANNELS, CHANNELS, 3, 3], seed), w: noise([CHANNELS, CHANNELS, 1, 1], seed + 1) },
  });
  return withFields(model, {
    metadataProps: Object.entries(metadata).map(([key, value]) => create(StringStringEntryProtoSchema, { key, value })),
  });
}

const samples: TensorMap[] = [1, 2, 3].map((seed) => new Map([["x", noise([1, CHANNELS, 6, 6], seed)]]));
const digest = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");
const metadataOf = (chunks: readonly Uint8Array[]) =>
  decodeModel(concat(chunks), "written").metadataProps.map(({ key, value }) => [key, value]);

it("says of each model that is written what it was made from, and nothing that varies", async () => {
  const bytes = concat(encodeModel(network(1)));
  const corrections = { equalization: true, bias: "none" } as const;
  const weights = { type: "int8", granularity: "tensor", rounding: "nearest" } as const;
  const { files } = await quantizeAndCompare(bytes, samples, samples, undefined, { corrections, weights });
  const file = (end: string) => files.find(({ name }) => name.endsWith(end))!.chunks;
  const said = [
    ["octet.source.sha256", digest(bytes)],
    ["octet.recipe.sha256", digest(concat(file(".recipe.json")))],
  ];
  expect(metadataOf(file(".int8.onnx"))).toEqual(said);
  expect(metadataOf(file(".equalized.onnx"))).toEqual(said);
});

it("keeps what others say in the source's metadata, and says the origin of a file of Octet's own anew", async () => {
  const stale = { author: "somebody", "octet.source.sha256": "00", "octet.recipe.sha256": "11", licence: "none" };
  const bytes = concat(encodeModel(network(1, stale)));
  const { quantized, files } = await quantizeAndCompare(bytes, samples, samples);
  expect(metadataOf(quantized.chunks)).toEqual([
    ["author", "somebody"],
    ["licence", "none"],
    ["octet.source.sha256", digest(bytes)],
    ["octet.recipe.sha256", digest(concat(files.find(({ name }) => name.endsWith(".recipe.json"))!.chunks))],
  ]);
});

it("is read of a file, which beside another float model than its own is warned of", async () => {
  const { model, quantized } = await quantizeAndCompare(network(1), samples, samples);
  const source = { bytes: concat(quantized.chunks), fileName: "net.int8.onnx", readBeside: async () => null };
  const opened = await readQuantized(source);
  expect(opened.file.origin).toMatchObject({ source: model.sha256 });
  expect(new Beside(model, opened).describe().matching.notices).toEqual([]);
  const other = new Beside(await open(network(7)), opened).describe().matching.notices;
  expect(other[0]).toMatchObject({ kind: "warning", subject: "net.int8.onnx" });
  expect(other[0]!.message).toMatch(/says that it was made from another model than made\.onnx: .* choose that one\.$/);
  expect(originOf(network(1, { "octet.source.sha256": "00" }))).toBeNull();
});
