import { TensorProto_DataType as Code } from "../proto/onnx_pb.ts";
import { constant, keepOutside, type Mutation } from "./mutation.ts";

/** Of initialisers; of `network`. */
export const tensorMutations: readonly Mutation[] = [
  ["a tensor without a type", (m) => (constant(m, "six").dataType = Code.UNDEFINED), /no element type/, "both"],
  ["a tensor of no known type", (m) => (constant(m, "six").dataType = 77), /no element type/, "both"],
  ["a tensor of a negative dimension", (m) => (constant(m, "w_codes").dims[0] = -4n), /negative dimension/, "both"],
  [
    "too few bytes",
    (m) => (constant(m, "w_codes").rawData = new Uint8Array(107)),
    /has 107 bytes where .* takes 108/,
    "both",
  ],
  [
    "too many bytes",
    (m) => (constant(m, "w_codes").rawData = new Uint8Array(109)),
    /has 109 bytes where .* takes 108/,
    "ours",
  ],
  ["no data", (m) => (constant(m, "w_codes").rawData = new Uint8Array()), /data in no field/, "both"],
  ["data in two fields", (m) => (constant(m, "six").floatData = [6]), /data in floatData and rawData/, "both"],
  [
    "values in the field of another type",
    (m) => Object.assign(constant(m, "six"), { rawData: new Uint8Array(), doubleData: [6] }),
    /holds float in doubleData/,
    "both",
  ],
  [
    "too few values",
    (m) => Object.assign(constant(m, "w_scale"), { rawData: new Uint8Array(), floatData: [0.5] }),
    /has 1 values where its shape takes 4/,
    "both",
  ],
  ["data for no elements", (m) => (constant(m, "six").dims = [0n]), /has no elements but data/, "both"],
  ["a weight outside without a place", (m) => keepOutside(m, { offset: "0" }), /does not say where/, "both"],
  [
    "a weight outside of another length",
    (m) => keepOutside(m, { location: "w", length: "10" }),
    /has 10 external bytes/,
    "ours",
  ],
  [
    "a weight outside the model's folder",
    (m) => keepOutside(m, { location: "../w" }),
    /outside the model's folder/,
    "both",
  ],
];
