import { create } from "@bufbuild/protobuf";
import { StringStringEntryProtoSchema } from "../proto/onnx_pb.ts";
import { scalar, tensorProto } from "../tensor.ts";
import { floatInput, portInfo } from "./build.ts";
import { branchOf, constant, type Mutation, node } from "./mutation.ts";

/** Of the model, its graphs and the names in them; of `network`. */
export const graphMutations: readonly Mutation[] = [
  ["an IR version from before operator sets", (m) => (m.irVersion = 2n), /IR version 2 is not one of/, "both"],
  ["an IR version to come", (m) => (m.irVersion = 99n), /IR version 99 is not one of/, "both"],
  ["IR 3 with initialisers that are no inputs", (m) => (m.irVersion = 3n), /"x_scale" is no input/, "both"],
  ["an opset to come", (m) => (m.opsetImport[0]!.version = 99n), /opset 99 is not one of/, "ours"],
  ["no import of ONNX's operators", (m) => (m.opsetImport[0]!.domain = "other"), /domain "", which the model/, "both"],
  [
    "a node of a foreign domain",
    (m) => (node(m, "relu").domain = "com.example"),
    /domain "com.example", which/,
    "both",
  ],
  ["a domain imported twice", (m) => m.opsetImport.push(m.opsetImport[0]!), /imported twice/, "ours"],
  [
    "a key of the metadata twice",
    (m) => {
      const entry = create(StringStringEntryProtoSchema, { key: "a", value: "b" });
      m.metadataProps.push(entry, entry);
    },
    /metadata has a key twice/,
    "both",
  ],
  ["a graph without a name", (m) => (m.graph!.name = ""), /graph has no name/, "both"],
  ["a branch without a name", (m) => (branchOf(m).name = ""), /graph has no name/, "both"],
  ["an input without a type", (m) => (m.graph!.input[0]!.type = undefined), /input "x" has no type/, "both"],
  ["an output without a type", (m) => (m.graph!.output[0]!.type = undefined), /output "y" has no type/, "both"],
  [
    "an output without a shape",
    (m) => {
      const { value } = m.graph!.output[0]!.type!;
      if (value.case === "tensorType") value.value.shape = undefined;
    },
    /output "y" has no shape/,
    "both",
  ],
  ["an input twice", (m) => m.graph!.input.push(m.graph!.input[0]!), /input "x" is there twice/, "both"],
  ["an output that nothing makes", (m) => m.graph!.output.push(floatInput("nowhere", [1])), /made by no layer/, "both"],
  [
    "an output of a branch from outside it",
    (m) => (branchOf(m).output[0]!.name = "r"),
    /output "r" is made by no layer/,
    "both",
  ],
  [
    "an output of another type",
    (m) => (m.graph!.output[1] = portInfo({ name: "z", type: "int32", dims: [1, 4, 3, 3] })),
    /makes "z" of float, and the graph says int32/,
    "both",
  ],
  [
    "a value_info of another type",
    (m) => m.graph!.valueInfo.push(portInfo({ name: "x_codes", type: "int8", dims: [1, 3, 5, 5] })),
    /makes "x_codes" of uint8, and the graph says int8/,
    "both",
  ],
  [
    "a layer before what it reads",
    (m) => m.graph!.node.reverse(),
    /Clip "clip" reads "r", which nothing before it makes/,
    "both",
  ],
  [
    "a layer that reads what is not there",
    (m) => (node(m, "relu").input[0] = "gone"),
    /reads "gone", which nothing/,
    "both",
  ],
  [
    "a branch that reads what is made later",
    (m) => (branchOf(m).node[0]!.input[0] = "z"),
    /reads "z", which nothing/,
    "both",
  ],
  ["a tensor made twice", (m) => (node(m, "clip").output[0] = "r"), /makes "r", which is there already/, "both"],
  [
    "a layer that makes an input",
    (m) => (node(m, "relu").output[0] = "x"),
    /makes "x", which is there already/,
    "both",
  ],
  [
    "a layer that makes an initialiser",
    (m) => (node(m, "relu").output[0] = "six"),
    /makes "six", which is there/,
    "both",
  ],
  [
    "a branch that makes a tensor around it",
    (m) => (branchOf(m).node[0]!.output[0] = "c"),
    /makes "c", which is there/,
    "both",
  ],
  [
    "an initialiser twice",
    (m) => m.graph!.initializer.push(constant(m, "six")),
    /initialiser "six" is there twice/,
    "both",
  ],
  [
    "an initialiser without a name",
    (m) => m.graph!.initializer.push(tensorProto("", scalar("float32", 1))),
    /initialiser has no name/,
    "both",
  ],
  [
    "an input set to another type",
    (m) => m.graph!.input.push(portInfo({ name: "six", type: "int32", dims: [] })),
    /"six" of int32 is set to float/,
    "both",
  ],
];
