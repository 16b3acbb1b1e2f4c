import { readdirSync } from "node:fs";
import { create, toBinary } from "@bufbuild/protobuf";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { describe, expect, it } from "vitest";
import { InputError } from "../model/job.ts";
import { needsShared, SHARED } from "../testing/shared.ts";
import { makeNode } from "./attributes.ts";
import { decodeModel } from "./decode.ts";
import { concat, encodeModel } from "./encode.ts";
import { allNodes } from "./opset.ts";
import { GraphProtoSchema, ModelProtoSchema } from "./proto/onnx_pb.ts";
import { buildModel, floatInput, noise } from "./testing/build.ts";
import { MODEL_NAMES, readModel } from "./testing/models.ts";

const text = (content: string) => new TextEncoder().encode(content);
const relu = buildModel({
  opset: 13,
  inputs: [floatInput("x", [2, 3])],
  outputs: ["y"],
  nodes: [makeNode("Add", ["x", "w"], ["s"]), makeNode("Relu", ["s"], ["y"])],
  constants: { w: noise([2, 3]) },
});

describe("files that are no model", () => {
  const whole = concat(encodeModel(relu));
  it.each([
    ["an empty file", new Uint8Array(0), /"m\.onnx" is empty/],
    ["text", text("just some notes about a model\n".repeat(20)), /"m\.onnx" is a text file/],
    ["short text", text("hello"), /"m\.onnx" is a text file/],
    ["a web page", text("<!DOCTYPE html><html><body>404</body></html>"), /"m\.onnx" is a web page/],
    ["a zip", Uint8Array.of(0x50, 0x4b, 3, 4, 20, 0, 0, 0), /"m\.onnx" is a zip archive/],
    ["a Git LFS pointer", text("version https://git-lfs.github.com/spec/v1\noid sha256:ab\n"), /git lfs pull/],
    ["a TensorFlow Lite model", text("\x1c\x00\x00\x00TFL3\x00"), /TensorFlow Lite/],
    ["random bytes", Uint8Array.from({ length: 400 }, (_, i) => (i * 151 + 77) & 255), /not an ONNX model/],
    ["a graph alone", toBinary(GraphProtoSchema, create(GraphProtoSchema, { name: "g" })), /"m\.onnx"/],
    [
      "a model without a graph",
      toBinary(ModelProtoSchema, create(ModelProtoSchema, { irVersion: 8n })),
      /no ONNX graph/,
    ],
    ["a model cut in its graph", whole.subarray(0, whole.length - 20), /cut short/],
    ["a model cut after its graph", whole.subarray(0, whole.length - 4), /cut short/],
  ])("refuses %s by name", (_, bytes, message) => {
    expect(() => decodeModel(bytes, "m.onnx")).toThrow(InputError);
    expect(() => decodeModel(bytes, "m.onnx")).toThrow(message);
  });
});

describe("real models", needsShared, () => {
  it("are all those of the folder", () => {
    const names = readdirSync(`${SHARED}models`).filter((name) => name.endsWith(".onnx"));
    expect(names.sort()).toEqual(MODEL_NAMES);
  });

  it.each(MODEL_NAMES)("%s comes back byte for byte, weights as views", (name) => {
    const bytes = readModel(name);
    const model = decodeModel(bytes, name);
    expect(Buffer.compare(concat(encodeModel(model)), bytes)).toBe(0);
    const constants = [...allNodes(model.graph!)].flatMap(({ attribute }) => attribute.flatMap(({ t }) => t ?? []));
    const raw = [...model.graph!.initializer, ...constants].filter(({ rawData }) => rawData.byteLength > 0);
    // CNTK's exporter keeps its weights in typed fields.
    expect(raw.length > 0).toBe(!name.startsWith("mnist_cntk"));
    for (const { rawData } of raw) expect(rawData.buffer).toBe(bytes.buffer);
  });

  it.each(MODEL_NAMES)("%s is refused when cut anywhere", (name) => {
    const bytes = readModel(name);
    for (const share of [0.001, 0.3, 0.77, 0.999]) {
      const cut = bytes.subarray(0, Math.floor(bytes.length * share));
      expect(() => decodeModel(cut, name)).toThrow(new RegExp(`"${name}".*cut short`));
    }
  });
});

it("keeps unknown fields, unknown operators, unknown enum values and metadata", () => {
  const unknown = (no: number) => new BinaryWriter().tag(no, WireType.LengthDelimited).string(`field ${no}`).finish();
  const attribute = new BinaryWriter()
    .tag(1, WireType.LengthDelimited)
    .string("a")
    .tag(20, WireType.Varint)
    .int32(99)
    .finish();
  const node = new BinaryWriter()
    .tag(2, WireType.LengthDelimited)
    .string("y")
    .tag(4, WireType.LengthDelimited)
    .string("Frobnicate")
    .tag(5, WireType.LengthDelimited)
    .bytes(attribute)
    .tag(7, WireType.LengthDelimited)
    .string("org.example")
    .raw(unknown(900))
    .finish();
  const bytes = new BinaryWriter()
    .tag(1, WireType.Varint)
    .int64(8)
    .tag(7, WireType.LengthDelimited)
    .bytes(new BinaryWriter().tag(1, WireType.LengthDelimited).bytes(node).raw(unknown(901)).finish())
    .tag(8, WireType.LengthDelimited)
    .bytes(new BinaryWriter().tag(2, WireType.Varint).int64(13).finish())
    .tag(14, WireType.LengthDelimited)
    .bytes(
      new BinaryWriter()
        .tag(1, WireType.LengthDelimited)
        .string("key")
        .tag(2, WireType.LengthDelimited)
        .string("v")
        .finish(),
    )
    .raw(unknown(902))
    .finish();
  const model = decodeModel(bytes, "m.onnx");
  expect(model.graph?.node[0]?.opType).toBe("Frobnicate");
  expect(model.metadataProps[0]?.value).toBe("v");
  expect(concat(encodeModel(model))).toEqual(bytes);
});
