import { create } from "@bufbuild/protobuf";
import { InferenceSession } from "onnxruntime-node";
import { describe, expect, it } from "vitest";
import { InputError } from "../model/job.ts";
import { makeNode, tensorAttribute } from "./attributes.ts";
import { decodeModel } from "./decode.ts";
import { concat, encodeModel } from "./encode.ts";
import { attachExternal, externalLocations } from "./external.ts";
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

  it("takes a weight at any offset, of a Node Buffer too, whose slice is a view", () => {
    for (const at of [1, 2, 3]) {
      const file = Buffer.concat([Buffer.alloc(at), weights]);
      const entries = { location: "w.bin", offset: String(at + 4), length: "8" };
      const { graph } = attachExternal(kept(entries), new Map([["w.bin", file]]));
      expect(tensorOf(graph!.initializer[0]!).data).toEqual(Float32Array.of(2, 3));
    }
  });

  it("takes as much as a weight's shape needs where no length is given", () => {
    const { graph } = attachExternal(kept({ location: "w.bin", offset: "4" }), new Map([["w.bin", weights]]));
    expect(tensorOf(graph!.initializer[0]!).data).toEqual(Float32Array.of(2, 3));
  });

  it("names the file that is missing or too short", () => {
    expect(() => attachExternal(model, new Map())).toThrow(/"w\.bin", which was not given/);
    expect(() => attachExternal(model, new Map([["w.bin", weights.subarray(0, 6)]]))).toThrow(/"w\.bin" is too short/);
  });

  const kept = (entries: Readonly<Record<string, string>>) =>
    withFields(base, { graph: base.graph && withFields(base.graph, { initializer: [external("w", entries, 2)] }) });
  const anywhere = (location: string) => new Map([[location, weights]]);

  it.each(["../w.bin", "a/../../w.bin", "/etc/w.bin", "..\\w.bin", "C:\\w.bin", "c:w.bin", "\\\\host\\w.bin", ".."])(
    "refuses %s, which is outside the model's folder, for that reason",
    (location) => {
      const sentence = `The model keeps the weight "w" in "${location}", outside its folder, where no weights are read; save the model again with its weights beside it.`;
      expect(() => externalLocations(kept({ location }))).toThrow(new InputError(sentence));
      expect(() => attachExternal(kept({ location }), anywhere(location))).toThrow(new InputError(sentence));
    },
  );

  it.each(["w.bin", "./w.bin", "a/../w.bin", "a//..///w.bin", ".//w.bin"])("%s is beside the model", (location) => {
    expect(externalLocations(kept({ location }))).toContain("w.bin");
    expect(attachExternal(kept({ location, length: "8" }), anywhere("w.bin")).graph?.initializer[0]?.rawData).toEqual(
      weights.slice(0, 8),
    );
  });

  it("refuses a weight that is in no file", () => {
    for (const entries of [{}, { location: "" }, { location: "./" }, { offset: "4" }] as Record<string, string>[]) {
      expect(() => externalLocations(kept(entries))).toThrow(/keeps the weight "w" in a file that it does not name/);
    }
  });

  it.each([
    ["offset", "-8"],
    ["offset", "-0"],
    ["offset", "9223372036854775809"],
    ["offset", "1e1"],
    ["offset", ""],
    ["length", "-8"],
    ["length", "18446744073709551616"],
    ["length", "4.5"],
    ["length", "0x8"],
    ["length", "8 "],
  ])("refuses the %s %j, which is no place in a file", (key, value) => {
    const entries = { location: "w.bin", offset: "0", length: "8", [key]: value };
    expect(() => attachExternal(kept(entries), anywhere("w.bin"))).toThrow(
      `The weight "w" has the ${key} "${value}" in "w.bin", which is no place in a file; export the model again.`,
    );
  });

  it.each(["location", "offset", "length"])("refuses a weight with two of %s, whichever a reader would take", (key) => {
    const model = kept({ location: "w.bin", offset: "0", length: "8" });
    const [tensor] = model.graph!.initializer;
    const twice = tensor!.externalData.find((entry) => entry.key === key)!;
    const changed = withFields(tensor!, { externalData: [...tensor!.externalData, twice] });
    const graph = withFields(model.graph!, { initializer: [changed] });
    expect(() => attachExternal(withFields(model, { graph }), anywhere("w.bin"))).toThrow(
      `The weight "w" has more than one ${key} in another file`,
    );
  });

  it.each([
    ["16", "4"],
    ["9007199254740991", "8"],
    ["8", "9007199254740991"],
    ["17", null],
  ])("refuses bytes past the end: offset %s, length %s", (offset, length) => {
    const entries = { location: "w.bin", offset, ...(length !== null && { length }) };
    expect(() => attachExternal(kept(entries), anywhere("w.bin"))).toThrow(/"w\.bin" is too short for the weight "w"/);
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
