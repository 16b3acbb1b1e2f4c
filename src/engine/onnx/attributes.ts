import { create } from "@bufbuild/protobuf";
import {
  type AttributeProto,
  AttributeProtoSchema,
  type GraphProto,
  type NodeProto,
  NodeProtoSchema,
  type TensorProto,
  AttributeProto_AttributeType as Type,
} from "./proto/onnx_pb.ts";

const INT64_MAX = 2n ** 63n - 1n;
const INT64_MIN = -(2n ** 63n);

/** A node of the default domain unless `domain` is given. Omit optional inputs and outputs with "". */
export function makeNode(
  opType: string,
  inputs: readonly string[],
  outputs: readonly string[],
  options: { readonly name?: string; readonly attributes?: readonly AttributeProto[]; readonly domain?: string } = {},
): NodeProto {
  return create(NodeProtoSchema, {
    opType,
    input: [...inputs],
    output: [...outputs],
    attribute: [...(options.attributes ?? [])],
    ...(options.name ? { name: options.name } : {}),
    ...(options.domain ? { domain: options.domain } : {}),
  });
}

export function attributeOf(node: NodeProto, name: string): AttributeProto | undefined {
  return node.attribute.find((attribute) => attribute.name === name);
}

/** An integer attribute as a number: exact up to 2^53. */
export function intOf(node: NodeProto, name: string): number | undefined {
  const attribute = attributeOf(node, name);
  return attribute && Number(attribute.i);
}

export function intsOf(node: NodeProto, name: string): number[] | undefined {
  return attributeOf(node, name)?.ints.map(Number);
}

export function floatOf(node: NodeProto, name: string): number | undefined {
  return attributeOf(node, name)?.f;
}

export function stringOf(node: NodeProto, name: string): string | undefined {
  const attribute = attributeOf(node, name);
  return attribute && new TextDecoder().decode(attribute.s);
}

export function tensorAttributeOf(node: NodeProto, name: string): TensorProto | undefined {
  return attributeOf(node, name)?.t;
}

/** The graphs in a node's attributes: branches of If, bodies of Loop and Scan. */
export function subgraphsOf(node: NodeProto): GraphProto[] {
  return node.attribute.flatMap((attribute) => [...(attribute.g ? [attribute.g] : []), ...attribute.graphs]);
}

export function intAttribute(name: string, value: number): AttributeProto {
  return create(AttributeProtoSchema, { name, type: Type.INT, i: int64(value) });
}

export function intsAttribute(name: string, values: readonly number[]): AttributeProto {
  return create(AttributeProtoSchema, { name, type: Type.INTS, ints: values.map(int64) });
}

export function floatAttribute(name: string, value: number): AttributeProto {
  return create(AttributeProtoSchema, { name, type: Type.FLOAT, f: value });
}

export function floatsAttribute(name: string, values: readonly number[]): AttributeProto {
  return create(AttributeProtoSchema, { name, type: Type.FLOATS, floats: [...values] });
}

export function stringAttribute(name: string, value: string): AttributeProto {
  return create(AttributeProtoSchema, { name, type: Type.STRING, s: new TextEncoder().encode(value) });
}

export function tensorAttribute(name: string, value: TensorProto): AttributeProto {
  return create(AttributeProtoSchema, { name, type: Type.TENSOR, t: value });
}

function int64(value: number): bigint {
  const wide = BigInt(value);
  return wide > INT64_MAX ? INT64_MAX : wide < INT64_MIN ? INT64_MIN : wide;
}
