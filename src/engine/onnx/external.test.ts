import { create } from "@bufbuild/protobuf";
import { InferenceSession } from "onnxruntime-node";
import { describe, expect, it } from "vitest";
import { makeNode, tensorAttribute } from "./attributes.ts";
import { decodeModel } from "./decode.ts";
import { concat, encodeModel } from "./encode.ts";
import { attachExternal } from "./external.ts";
import { withFields } from "./messages.ts";
import {
  TensorProto_DataType as Code,
  TensorProto_DataLocation as Location,
  TensorProtoSchema,
} from "./proto/onnx_pb.ts";
import { toModelFile } from "./runtimeFile.ts";
import { tensorOf } from "./tensor.ts";
import { buildModel, floatInput, noise } from "./testing/build.ts";

const external = (name: string, entries: Readonly<Record<string, string>>, size: number) =>
  create(TensorProtoSchema, {
    name,
    dataType: Code.FLOAT,
    dims: [BigInt(size)],
    dataLocation: Location.EXTERNAL,
    externalData: Object.entries(entries).map(([key, value]) => ({ key, value })),
  });

describe("attachExternal", () => {
  const base = buildModel({
    opset: 13,
    outputs: ["y"],
    nodes: [
      makeNode("Constant", [], ["k"], {
        attributes: [tensorAttribute("value", external("k", { location: "w.bin", offset: "4", length: "4" }, 1))],
      }),
      makeNode("Add", ["w", "k"], ["y"]),
    ],
  });
  const model = withFields(base, {
    graph:
      base.graph && withFields(base.graph, { initializer: [external("w", { location: "./w.bin", offset: "8" }, 2)] }),
  });
  const weights = new Uint8Array(Float32Array.of(1, 2, 3, 4).buffer);

  it("puts views of the files in place, in attributes too", () => {
    const { graph } = attachExternal(model, new Map([["w.bin", weights]]));
    const [w, k] = [graph?.initializer[0], graph?.node[0]?.attribute[0]?.t];
    if (!w || !k) throw new Error("tensors are gone");
    expect([tensorOf(w).data, tensorOf(k).data]).toEqual([Float32Array.of(3, 4), Float32Array.of(2)]);
    expect(w.rawData.buffer).toBe(weights.buffer);
    expect(w.externalData).toEqual([]);
  });

  it("names the file that is missing or too short", () => {
    expect(() => attachExternal(model, new Map())).toThrow(/"w\.bin", which was not given/);
    expect(() => attachExternal(model, new Map([["w.bin", weights.subarray(0, 6)]]))).toThrow(/"w\.bin" is too short/);
  });

  it("leaves a model without external weights as it is", () => {
    const plain = buildModel({
      opset: 13,
      outputs: ["y"],
      nodes: [makeNode("Relu", ["w"], ["y"])],
      constants: { w: noise([2]) },
    });
    expect(attachExternal(plain, new Map())).toBe(plain);
  });
});

describe("toModelFile", () => {
  const model = buildModel({
    opset: 13,
    inputs: [floatInput("x", [1, 400])],
    outputs: ["y"],
    nodes: [makeNode("Mul", ["x", "big"], ["m"]), makeNode("Add", ["m", "small"], ["y"])],
    constants: { big: noise([400]), small: noise([1], 7) },
  });

  it("moves large weights out as views, and the graph reads them back", () => {
    const { graph, external: files } = toModelFile(model);
    expect(files).toHaveLength(1);
    expect(files[0]?.data).toBe(model.graph?.initializer[0]?.rawData);
    const thin = decodeModel(graph, "thin.onnx");
    expect(thin.graph?.initializer.map(({ dataLocation }) => dataLocation)).toEqual([
      Location.EXTERNAL,
      Location.DEFAULT,
    ]);
    const whole = attachExternal(thin, new Map(files.map(({ path, data }) => [path, data])));
    expect(concat(encodeModel(whole))).toEqual(concat(encodeModel(model)));
  });

  it("loads in ONNX Runtime", async () => {
    const { graph, external: files } = toModelFile(model);
    const session = await InferenceSession.create(graph, { externalData: [...files] });
    expect(session.outputNames).toEqual(["y"]);
    await session.release();
  });
});
