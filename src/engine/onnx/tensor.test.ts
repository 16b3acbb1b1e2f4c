import { create } from "@bufbuild/protobuf";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { DataType } from "../values/elementTypes.ts";
import {
  TensorProto_DataType as Code,
  TensorProto_DataLocation as Location,
  TensorProtoSchema,
} from "./proto/onnx_pb.ts";
import { codesProto, dataTypeOf, passingFloats, scalar, tensorOf, tensorProto, vector } from "./tensor.ts";

describe("tensorOf", () => {
  it("is a view where rawData is aligned and a copy where it is not", () => {
    const file = new Uint8Array(32);
    new DataView(file.buffer).setFloat32(8, 1.5, true);
    new DataView(file.buffer).setFloat32(21, -2.5, true);
    const at = (offset: number) =>
      tensorOf(
        create(TensorProtoSchema, { dataType: Code.FLOAT, dims: [1n], rawData: file.subarray(offset, offset + 4) }),
      );
    expect(at(8).data).toEqual(Float32Array.of(1.5));
    expect(at(8).data.buffer).toBe(file.buffer);
    expect(at(21).data).toEqual(Float32Array.of(-2.5));
    expect(at(21).data.buffer).not.toBe(file.buffer);
  });

  it.each([
    [{ dataType: Code.FLOAT, floatData: [0.5, -1] }, Float32Array.of(0.5, -1)],
    [{ dataType: Code.DOUBLE, doubleData: [0.1, 2] }, Float64Array.of(0.1, 2)],
    [{ dataType: Code.INT64, int64Data: [2n ** 62n, -1n] }, BigInt64Array.of(2n ** 62n, -1n)],
    [{ dataType: Code.INT8, int32Data: [-128, 127] }, Int8Array.of(-128, 127)],
    [{ dataType: Code.BOOL, int32Data: [1, 0] }, Uint8Array.of(1, 0)],
    [{ dataType: Code.FLOAT16, int32Data: [0x3c00, 0xc000] }, Uint16Array.of(0x3c00, 0xc000)],
    [{ dataType: Code.UINT32, uint64Data: [4294967295n, 0n] }, Uint32Array.of(4294967295, 0)],
  ])("reads the typed field of %o", (fields, expected) => {
    expect(tensorOf(create(TensorProtoSchema, { ...fields, dims: [2n] })).data).toEqual(expected);
  });

  it("refuses what it cannot read, by the tensor's name", () => {
    const tensor = (fields: object) => () => tensorOf(create(TensorProtoSchema, { name: "w", dims: [2n], ...fields }));
    expect(tensor({ dataType: Code.BFLOAT16, rawData: new Uint8Array(4) })).toThrow(/"w".*BFLOAT16/);
    expect(tensor({ dataType: Code.FLOAT, dataLocation: Location.EXTERNAL })).toThrow(/"w".*external file/);
    expect(tensor({ dataType: Code.FLOAT, rawData: new Uint8Array(4) })).toThrow(/"w".*shape \[2\]/);
    expect(tensor({ dataType: Code.FLOAT, rawData: new Uint8Array(7) })).toThrow(/"w".*shape \[2\]/);
  });
});

it("comes back from a TensorProto, whatever the type, without a copy", () => {
  const types: DataType[] = [
    "float32",
    "float64",
    "int8",
    "uint8",
    "int16",
    "uint16",
    "int32",
    "uint32",
    "int64",
    "uint64",
  ];
  fc.assert(
    fc.property(fc.constantFrom(...types), fc.array(fc.integer({ min: 0, max: 127 })), (type, values) => {
      const tensor = vector(type, values);
      const back = tensorOf(tensorProto("w", tensor));
      expect(back).toEqual(tensor);
      if (values.length > 0) expect(back.data.buffer).toBe(tensor.data.buffer);
    }),
  );
  expect(tensorOf(tensorProto("s", scalar("int64", 2n ** 63n - 1n)))).toEqual({
    type: "int64",
    dims: [],
    data: BigInt64Array.of(2n ** 63n - 1n),
  });
});

it("calls types without a DataType other", () => {
  expect([Code.STRING, Code.BFLOAT16, Code.INT4, Code.FLOAT8E4M3FN, 999].map(dataTypeOf)).toEqual(
    Array(5).fill("other"),
  );
});

it("packs int4 codes two to a byte, the first in the low four bits, as ONNX does", () => {
  const packed = codesProto("w", { type: "int4", dims: [5], data: Int8Array.of(1, -8, 7, -1, -2) });
  expect([...packed.rawData]).toEqual([0x81, 0xf7, 0x0e]);
  expect([packed.dataType, packed.dims]).toEqual([Code.INT4, [5n]]);
});

describe("passingFloats", () => {
  const file = new Uint8Array(64);
  new Float32Array(file.buffer).set([1, 2, 3, 4]);
  const at = (offset: number, count: number) =>
    create(TensorProtoSchema, {
      name: "w",
      dataType: Code.FLOAT,
      dims: [BigInt(count)],
      rawData: file.subarray(offset, offset + 4 * count),
    });

  it("gives what tensorOf gives, wherever the bytes lie", () => {
    for (const offset of [0, 1, 2, 3, 4, 7]) {
      expect(passingFloats(at(offset, 3))).toEqual(tensorOf(at(offset, 3)).data);
    }
    expect(passingFloats(at(0, 3)).buffer).toBe(file.buffer);
    expect(passingFloats(create(TensorProtoSchema, { dataType: Code.FLOAT, dims: [2n], floatData: [1, 2] }))).toEqual(
      Float32Array.of(1, 2),
    );
  });

  it("uses the same memory again for bytes that are not aligned", () => {
    const first = passingFloats(at(1, 3));
    expect(passingFloats(at(5, 2)).buffer).toBe(first.buffer);
    expect(tensorOf(at(5, 2)).data.buffer).not.toBe(first.buffer);
  });

  it("refuses what does not hold its shape", () => {
    expect(() => passingFloats(create(TensorProtoSchema, { ...at(1, 3), dims: [4n] }))).toThrow(/"w" does not hold/);
  });
});
