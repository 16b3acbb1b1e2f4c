import { floatAttribute, intAttribute, stringAttribute } from "../attributes.ts";
import { AttributeProto_AttributeType as Type } from "../proto/onnx_pb.ts";
import { scalar, vector } from "../tensor.ts";
import { constant, type Mutation, node, replace } from "./mutation.ts";

/** Of operators and their attributes, and of scales and zero points; of `network`. */
export const layerMutations: readonly Mutation[] = [
  ["an operator that is none", (m) => (node(m, "relu").opType = "Rely"), /is no operator of opset 17/, "both"],
  ["an operator of a later opset", (m) => (node(m, "relu").opType = "Gelu"), /is no operator of opset 17/, "both"],
  [
    "an operator of an earlier opset",
    (m) => (node(m, "relu").opType = "Upsample"),
    /is deprecated in opset 17/,
    "both",
  ],
  ["no operator", (m) => (node(m, "relu").opType = ""), /has no operator/, "both"],
  ["too few inputs", (m) => (node(m, "conv").input.length = 1), /has 1 inputs; its operator takes 2 to 3/, "both"],
  ["too many inputs", (m) => node(m, "relu").input.push("six"), /has 2 inputs; its operator takes 1 to 1/, "both"],
  ["too many outputs", (m) => node(m, "relu").output.push("more"), /has 2 outputs; its operator takes 1 to 1/, "both"],
  [
    "an input left out that has to be there",
    (m) => (node(m, "conv").input[1] = ""),
    /leaves out one of its inputs/,
    "both",
  ],
  [
    "an input of a type the operator does not take",
    (m) => (node(m, "relu").input[0] = "x_codes"),
    /reads "x_codes" of uint8/,
    "both",
  ],
  [
    "inputs of two types that have to be one",
    (m) => (node(m, "dequantize").input[2] = "w_zero"),
    /of int8 beside uint8/,
    "both",
  ],
  [
    "an attribute the operator does not have",
    (m) => node(m, "relu").attribute.push(intAttribute("axis", 1)),
    /has the attribute "axis", which/,
    "both",
  ],
  [
    "an attribute of a later opset",
    (m) => node(m, "weight").attribute.push(intAttribute("block_size", 0)),
    /has the attribute "block_size", which/,
    "both",
  ],
  [
    "an attribute of another type",
    (m) => (node(m, "conv").attribute[0] = floatAttribute("group", 1)),
    /has "group" of type FLOAT/,
    "both",
  ],
  [
    "an attribute twice",
    (m) => node(m, "conv").attribute.push(intAttribute("group", 1)),
    /attribute "group" twice/,
    "both",
  ],
  [
    "an attribute with the value of another type",
    (m) => (node(m, "conv").attribute[0]!.f = 1),
    /has a value in "f"/,
    "both",
  ],
  ["an attribute without a type", (m) => (node(m, "conv").attribute[0]!.type = Type.UNDEFINED), /has no type/, "both"],
  ["an attribute without a name", (m) => (node(m, "conv").attribute[0]!.name = ""), /attribute without a name/, "both"],
  [
    "a graph that is not there",
    (m) => (node(m, "if").attribute[0]!.g = undefined),
    /is of type GRAPH and has no value/,
    "both",
  ],
  ["a required attribute left out", (m) => node(m, "if").attribute.pop(), /lacks the attribute "else_branch"/, "both"],
  [
    "a string where numbers belong",
    (m) => (node(m, "conv").attribute[0] = stringAttribute("pads", "1")),
    /has "pads" of type STRING/,
    "both",
  ],
  [
    "a scale too short for its axis",
    (m) => {
      replace(m, "w_scale", vector("float32", [1, 1, 1]));
      replace(m, "w_zero", vector("int8", [0, 0, 0]));
    },
    /scale of shape \[3\]; \[4, 3, 3, 3\] takes \[4\]/,
    "ours",
  ],
  [
    "an axis of another length",
    (m) => (node(m, "weight").attribute = [intAttribute("axis", 1)]),
    /takes \[3\] there/,
    "ours",
  ],
  ["the axis left out where it is not 1", (m) => (node(m, "weight").attribute = []), /takes \[3\] there/, "ours"],
  [
    "an axis past the last",
    (m) => (node(m, "weight").attribute = [intAttribute("axis", 4)]),
    /axis 4 for a tensor of 4/,
    "ours",
  ],
  [
    "a zero point of another shape",
    (m) => replace(m, "w_zero", scalar("int8", 0)),
    /scale of shape \[4\] and a zero point of \[\]/,
    "ours",
  ],
  ["a scale of zero", (m) => replace(m, "x_scale", scalar("float32", 0)), /not positive and finite/, "ours"],
  [
    "a scale of two dimensions without blocks",
    (m) => {
      replace(m, "w_scale", { ...vector("float32", [1, 1, 1, 1]), dims: [4, 1] });
      replace(m, "w_zero", { ...vector("int8", [0, 0, 0, 0]), dims: [4, 1] });
    },
    /2 dimensions and no block size/,
    "ours",
  ],
  [
    "a zero point beside int32",
    (m) => {
      replace(m, "w_codes", { type: "int32", dims: [4, 3, 3, 3], data: new Int32Array(108) });
      replace(m, "w_zero", { ...vector("int32", [0, 0, 1, 0]) });
    },
    /zero point other than 0 for int32/,
    "ours",
  ],
];

/** Of `narrow(false)`. */
export const narrowMutations: readonly Mutation[] = [
  ["int4 before IR 10", (m) => (m.irVersion = 9n), /opset 21 came with IR 10/, "ours"],
  ["int4 before opset 21", (m) => (m.opsetImport[0]!.version = 19n), /reads "codes" of int4/, "both"],
  [
    "half a byte too few",
    (m) => (constant(m, "codes").rawData = new Uint8Array(13)),
    /has 13 bytes where .* takes 14/,
    "both",
  ],
  [
    "a byte for each int4",
    (m) => (constant(m, "codes").rawData = new Uint8Array(28)),
    /has 28 bytes where .* takes 14/,
    "ours",
  ],
  ["a zero point of int8 beside int4", (m) => replace(m, "zero", vector("int8", [0, 0, 0, 0])), /int8/, "both"],
];

/** Of `narrow(true)`. */
export const blockMutations: readonly Mutation[] = [
  [
    "blocks of another number",
    (m) => (node(m, "weight").attribute[1] = intAttribute("block_size", 3)),
    /takes \[4, 3\] there/,
    "ours",
  ],
  [
    "blocks along another axis",
    (m) => (node(m, "weight").attribute[0] = intAttribute("axis", 0)),
    /takes \[1, 7\] there/,
    "ours",
  ],
  [
    "blocks of a negative size",
    (m) => (node(m, "weight").attribute[1] = intAttribute("block_size", -4)),
    /block size of -4/,
    "ours",
  ],
  [
    "blocks before opset 21",
    (m) => (m.opsetImport[0]!.version = 19n),
    /attribute "block_size", which its operator/,
    "both",
  ],
];
