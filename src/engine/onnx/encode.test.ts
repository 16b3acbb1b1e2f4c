import { toBinary } from "@bufbuild/protobuf";
import * as fc from "fast-check";
import { expect, it } from "vitest";
import { makeNode, tensorAttribute } from "./attributes.ts";
import { concat, encodeModel, REFERENCE_BYTES, totalLength } from "./encode.ts";
import { withFields } from "./messages.ts";
import { ModelProtoSchema } from "./proto/onnx_pb.ts";
import { tensorProto } from "./tensor.ts";
import { buildModel, noise } from "./testing/build.ts";

const withWeights = (sizes: readonly number[]) =>
  buildModel({
    opset: 13,
    outputs: ["y"],
    nodes: [makeNode("Constant", [], ["y"], { attributes: [tensorAttribute("value", tensorProto("v", noise([3])))] })],
    constants: Object.fromEntries(sizes.map((size, i) => [`w${i}`, noise([size], i + 1)])),
  });

it("writes what toBinary writes, whatever the sizes of the weights", () => {
  const size = fc.oneof(fc.integer({ min: 0, max: 40 }), fc.integer({ min: 16_000, max: 17_000 }));
  fc.assert(
    fc.property(fc.array(size, { maxLength: 6 }), (sizes) => {
      const model = withWeights(sizes);
      const chunks = encodeModel(model);
      const whole = toBinary(ModelProtoSchema, model);
      expect(totalLength(chunks)).toBe(whole.length);
      expect(Buffer.compare(concat(chunks), whole)).toBe(0);
    }),
    { numRuns: 40 },
  );
});

it("gives large weights by reference and joins the rest", () => {
  const model = withWeights([REFERENCE_BYTES / 4, 5, 5, REFERENCE_BYTES / 2]);
  const chunks = encodeModel(model);
  const weights = model.graph?.initializer ?? [];
  expect(chunks.filter((chunk) => chunk === weights[0]?.rawData)).toHaveLength(1);
  expect(chunks.filter((chunk) => chunk.buffer === weights[3]?.rawData.buffer)).toHaveLength(1);
  expect(chunks).toHaveLength(5);
});

it("goes past 2 GB without joining anything", () => {
  const model = withWeights([1]);
  const weight = model.graph?.initializer[0];
  if (!model.graph || !weight) throw new Error("no weight");
  const rawData = new Uint8Array(2 ** 29);
  model.graph.initializer = Array.from({ length: 9 }, () => withFields(weight, { dims: [2n ** 27n], rawData }));
  const chunks = encodeModel(model);
  expect(chunks.filter((chunk) => chunk === rawData)).toHaveLength(9);
  expect(totalLength(chunks)).toBeGreaterThan(9 * 2 ** 29);
});
