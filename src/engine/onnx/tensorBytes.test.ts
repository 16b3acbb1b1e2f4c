import { expect, it } from "vitest";
import { passing, StoredBytes, type StoredFile, WorkedBytes } from "../model/deferred.ts";
import { decodeModel } from "./decode.ts";
import { concat, encodeModel, encodeParts, totalLength } from "./encode.ts";
import { attachExternal } from "./external.ts";
import { withFields } from "./messages.ts";
import type { ModelProto } from "./proto/onnx_pb.ts";
import { externalTensor, toModelFile } from "./runtimeFile.ts";
import { passingFloats, tensorOf, tensorProto, workedProto } from "./tensor.ts";
import { deferredOf, rawBytes, rawLength } from "./tensorBytes.ts";
import { buildModel, noise } from "./testing/build.ts";
import { withWeightsBeside } from "./weightsBeside.ts";

const LARGE = 2 ** 18;

/** A file in memory that counts what is read of it. */
function stored(bytes: Uint8Array): StoredFile & { readonly read: number } {
  let read = 0;
  return {
    byteLength: bytes.byteLength,
    get read() {
      return read;
    },
    readInto(target, from) {
      read += target.length;
      target.set(bytes.subarray(from, from + target.length));
    },
    sha256: async () => new Uint8Array(32),
  };
}

/** A model of one large and one small tensor, and where its weights are kept in a file. */
function kept(): { readonly model: ModelProto; readonly thin: ModelProto; readonly file: Uint8Array } {
  const [large, small] = [noise([LARGE + 2], 1), noise([7], 2)];
  const model = buildModel({ opset: 17, outputs: [], nodes: [], constants: { large, small } });
  const weights = model.graph!.initializer.map(({ rawData }) => rawData);
  const initializer = model.graph!.initializer.map((tensor, at) =>
    externalTensor(tensor, {
      location: "w",
      offset: at === 0 ? 0 : weights[0]!.length,
      length: weights[at]!.length,
    }),
  );
  const thin = withFields(model, { graph: withFields(model.graph!, { initializer }) });
  return { model, thin: decodeModel(concat(encodeModel(thin)), "m.onnx"), file: concat(weights) };
}

it("large weights of a file that is not in memory are read when they are asked for, and are what they would be", () => {
  const { model, thin, file } = kept();
  const beside = stored(file);
  const attached = attachExternal(thin, new Map([["w", beside]]));
  const [large, small] = attached.graph!.initializer;
  expect(beside.read).toBe(28);
  expect(deferredOf(small!)).toBeNull();
  expect(rawLength(large!)).toBe(4 * LARGE + 8);
  expect(totalLength(encodeParts(attached))).toBe(totalLength(encodeModel(model)));
  const beside2 = toModelFile(attached);
  expect(beside.read).toBe(28);
  expect(beside2.external.map(({ data }) => data.length)).toEqual([4 * LARGE + 8]);
  expect(Buffer.compare(concat(encodeParts(attached)), concat(encodeModel(model)))).toBe(0);
  expect(Buffer.compare(rawBytes(large!), model.graph!.initializer[0]!.rawData)).toBe(0);
  const renamed = withFields(large!, { name: "other" });
  expect(passingFloats(renamed)).toEqual(tensorOf(model.graph!.initializer[0]!).data);
  expect(tensorOf(large!).data).toEqual(passingFloats(renamed));
});

it("bytes that are worked out are, each time, until they are kept somewhere", () => {
  let times = 0;
  const proto = workedProto("codes", {
    type: "uint4",
    dims: [5],
    work: () => {
      times++;
      return Uint8Array.of(1, 2, 3, 4, 5);
    },
  });
  expect(times).toBe(0);
  expect(rawBytes(proto)).toEqual(Uint8Array.of(0x21, 0x43, 5));
  expect(rawBytes(proto)).toEqual(Uint8Array.of(0x21, 0x43, 5));
  expect(times).toBe(2);
  const bytes = deferredOf(proto) as WorkedBytes;
  bytes.keep(new StoredBytes(stored(Uint8Array.of(9, 9, 0x21, 0x43, 5)), 2, 3));
  expect(concat([...passing([Uint8Array.of(7), bytes])].map((part) => part.slice()))).toEqual(
    Uint8Array.of(7, 0x21, 0x43, 5),
  );
  expect(times).toBe(2);
  expect(() => new WorkedBytes(4, () => new Uint8Array(3)).read()).toThrow("as many as were said");
});

it("a file of weights beside a model has them in their order, large ones where a page begins", () => {
  const constants = { a: noise([300], 1), none: noise([2], 2), b: noise([LARGE], 3), c: noise([LARGE], 4) };
  const model = buildModel({ opset: 17, outputs: [], nodes: [], constants });
  const beside = withWeightsBeside(model, "m.onnx_data");
  const places = beside.model.graph!.initializer.map(({ externalData }) =>
    Object.fromEntries(externalData.map(({ key, value }) => [key, value])),
  );
  const mebibyte = String(4 * LARGE);
  expect(places).toEqual([
    { location: "m.onnx_data", offset: "0", length: "1200" },
    {},
    { location: "m.onnx_data", offset: "4096", length: mebibyte },
    { location: "m.onnx_data", offset: String(4096 + 4 * LARGE), length: mebibyte },
  ]);
  const written = decodeModel(concat(encodeModel(beside.model)), "m.onnx");
  const read = attachExternal(written, new Map([["m.onnx_data", concat(beside.parts)]]));
  for (const [at, { name, rawData }] of model.graph!.initializer.entries()) {
    const tensor = read.graph!.initializer[at]!;
    expect(tensor.name).toBe(name);
    expect(Buffer.compare(rawBytes(tensor), rawData)).toBe(0);
  }
  expect(rawBytes(tensorProto("x", noise([1])))).toHaveLength(4);
});
