import { create } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { intAttribute, intsAttribute, makeNode } from "../onnx/attributes.ts";
import type { AttributeProto, NodeProto } from "../onnx/proto/onnx_pb.ts";
import { AttributeProtoSchema, AttributeProto_AttributeType as Type } from "../onnx/proto/onnx_pb.ts";
import { OPERATORS } from "./index.ts";
import type { Weighted } from "./operator.ts";

const text = (name: string, value: string) =>
  create(AttributeProtoSchema, { name, type: Type.STRING, s: new TextEncoder().encode(value) });

const formOf = (node: NodeProto, weight: readonly number[], input: readonly number[]) =>
  (OPERATORS.get(node.opType) as Weighted).form?.(node, weight, input);

const conv = (...attributes: AttributeProto[]) => makeNode("Conv", ["x", "w"], ["y"], { attributes });

test("a Conv as it is written", () => {
  const node = conv(
    intAttribute("group", 2),
    intsAttribute("strides", [2, 1]),
    intsAttribute("dilations", [1, 2]),
    intsAttribute("pads", [1, 2, 3, 4]),
  );
  expect(formOf(node, [4, 1, 3, 5], [1, 2, 9, 9])).toEqual({
    kind: "conv",
    groups: 2,
    kernel: [3, 5],
    strides: [2, 1],
    dilations: [1, 2],
    pads: [1, 2, 3, 4],
  });
});

test("a Conv of one dimension is one of height 1", () => {
  const node = conv(intsAttribute("strides", [2]), intsAttribute("pads", [1, 2]));
  expect(formOf(node, [4, 2, 3], [1, 2, 9])).toMatchObject({ kernel: [1, 3], strides: [1, 2], pads: [0, 1, 0, 2] });
});

test.each([
  ["SAME_UPPER", 6, [0, 0, 1, 1]],
  ["SAME_LOWER", 6, [1, 1, 0, 0]],
  ["SAME_UPPER", 5, [1, 1, 1, 1]],
  ["VALID", 6, [0, 0, 0, 0]],
] as const)("%s on a side of %i is padded by %j", (mode, side, pads) => {
  const node = conv(text("auto_pad", mode), intsAttribute("strides", [2, 2]));
  expect(formOf(node, [4, 2, 3, 3], [1, 2, side, side])).toMatchObject({ pads });
});

test("Gemm and MatMul multiply rows; volumes are not learned", () => {
  expect(formOf(makeNode("MatMul", ["x", "w"], ["y"]), [4, 6], [1, 4])).toEqual({ kind: "matmul" });
  const gemm = (attribute: string) => makeNode("Gemm", ["x", "w"], ["y"], { attributes: [intAttribute(attribute, 1)] });
  expect(formOf(gemm("transB"), [6, 4], [1, 4])).toEqual({ kind: "matmul" });
  expect(formOf(gemm("transA"), [4, 6], [4, 1])).toBeNull();
  expect(formOf(conv(), [4, 2, 3, 3, 3], [1, 2, 5, 5, 5])).toBeNull();
});
