import { create } from "@bufbuild/protobuf";
import type { Tensor } from "../../model/tensor.ts";
import { intAttribute, makeNode } from "../attributes.ts";
import {
  AttributeProtoSchema,
  GraphProtoSchema,
  TensorProto_DataLocation as Location,
  type ModelProto,
  type NodeProto,
  StringStringEntryProtoSchema,
  AttributeProto_AttributeType as Type,
  ValueInfoProtoSchema,
} from "../proto/onnx_pb.ts";
import { codesProto, scalar, tensorProto, vector } from "../tensor.ts";
import { buildModel, floatInput } from "./build.ts";

const int8 = (dims: readonly number[]): Tensor => ({
  type: "int8",
  dims,
  data: new Int8Array(dims.reduce((product, dim) => product * dim, 1)),
});

/** A quantized Conv along axis 0, a Relu, and an If that reads the tensors around it. */
export function network(opset = 17): ModelProto {
  const branch = (name: string, operator: string) =>
    create(AttributeProtoSchema, {
      name,
      type: Type.GRAPH,
      g: create(GraphProtoSchema, {
        name,
        node: [makeNode(operator, ["r"], [`${name}_y`])],
        output: [create(ValueInfoProtoSchema, { name: `${name}_y` })],
      }),
    });
  const model = buildModel({
    opset,
    inputs: [floatInput("x", [1, 3, 5, 5])],
    outputs: [floatInput("y", [1, 4, 3, 3]), floatInput("z", [1, 4, 3, 3])],
    nodes: [
      makeNode("QuantizeLinear", ["x", "x_scale", "x_zero"], ["x_codes"], { name: "quantize" }),
      makeNode("DequantizeLinear", ["x_codes", "x_scale", "x_zero"], ["x_values"], { name: "dequantize" }),
      makeNode("DequantizeLinear", ["w_codes", "w_scale", "w_zero"], ["w"], {
        name: "weight",
        attributes: [intAttribute("axis", 0)],
      }),
      makeNode("Conv", ["x_values", "w"], ["c"], { name: "conv", attributes: [intAttribute("group", 1)] }),
      makeNode("Relu", ["c"], ["r"], { name: "relu" }),
      makeNode("If", ["yes"], ["y"], {
        name: "if",
        attributes: [branch("then_branch", "Tanh"), branch("else_branch", "Abs")],
      }),
      makeNode("Clip", ["r", "", "six"], ["z"], { name: "clip" }),
    ],
    constants: {
      x_scale: scalar("float32", 0.5),
      x_zero: scalar("uint8", 128),
      w_codes: int8([4, 3, 3, 3]),
      w_scale: vector("float32", [0.5, 0.25, 0.125, 1]),
      w_zero: vector("int8", [0, 0, 0, 0]),
      six: scalar("float32", 6),
      yes: { type: "bool", dims: [], data: Uint8Array.of(1) },
    },
  });
  return model;
}

/** The same with a weight of int4, for opset 21, that a Mul reads; `blocks` makes the scale one of blocks of 4 along axis 1. */
export function narrow(blocks: boolean): ModelProto {
  const dims = blocks ? [4, 2] : [4];
  const count = blocks ? 8 : 4;
  const model = buildModel({
    opset: 21,
    inputs: [floatInput("x", [4, 7])],
    outputs: [floatInput("y", [4, 7])],
    nodes: [
      makeNode("DequantizeLinear", ["codes", "scale", "zero"], ["values"], {
        name: "weight",
        attributes: blocks ? [intAttribute("axis", 1), intAttribute("block_size", 4)] : [intAttribute("axis", 0)],
      }),
      makeNode("Mul", ["x", "values"], ["y"], { name: "mul" }),
    ],
    constants: { scale: { type: "float32", dims, data: new Float32Array(count).fill(0.5) } },
  });
  model.graph!.initializer.push(
    codesProto("codes", { type: "int4", dims: [4, 7], data: new Int8Array(28) }),
    codesProto("zero", { type: "int4", dims, data: new Int8Array(count) }),
  );
  return model;
}

export const node = (model: ModelProto, name: string): NodeProto =>
  model.graph!.node.find((each) => each.name === name)!;
export const constant = (model: ModelProto, name: string) =>
  model.graph!.initializer.find((each) => each.name === name)!;
export const branchOf = (model: ModelProto) => node(model, "if").attribute[0]!.g!;
export function replace(model: ModelProto, name: string, tensor: Tensor): void {
  const { initializer } = model.graph!;
  initializer[initializer.findIndex((each) => each.name === name)] = tensorProto(name, tensor);
}
export function keepOutside(model: ModelProto, entries: Record<string, string>): void {
  const weight = constant(model, "w_codes");
  weight.rawData = new Uint8Array();
  weight.dataLocation = Location.EXTERNAL;
  weight.externalData = Object.entries(entries).map(([key, value]) =>
    create(StringStringEntryProtoSchema, { key, value }),
  );
}

/** A model with one fault: its name, what makes it, what is said of it, and whether onnx.checker refuses it as well. */
export type Mutation = readonly [string, (model: ModelProto) => void, RegExp, "both" | "ours"];
