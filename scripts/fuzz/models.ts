import { create } from "@bufbuild/protobuf";
import { intAttribute, intsAttribute, makeNode } from "../../src/engine/onnx/attributes.ts";
import { concat, encodeModel } from "../../src/engine/onnx/encode.ts";
import { withFields } from "../../src/engine/onnx/messages.ts";
import {
  type AttributeProto,
  AttributeProtoSchema,
  FunctionProtoSchema,
  type GraphProto,
  GraphProtoSchema,
  TensorProto_DataLocation as Location,
  type ModelProto,
  OperatorSetIdProtoSchema,
  StringStringEntryProtoSchema,
  AttributeProto_AttributeType as Type,
} from "../../src/engine/onnx/proto/onnx_pb.ts";
import { tensorProto } from "../../src/engine/onnx/tensor.ts";
import { buildModel, floatInput, noise } from "../../src/engine/onnx/testing/build.ts";

const ints = (...values: readonly number[]) =>
  ({ type: "int64", dims: [values.length], data: BigInt64Array.from(values, BigInt) }) as const;
const float = (value: number) => ({ type: "float32", dims: [], data: Float32Array.of(value) }) as const;

const graphAttribute = (name: string, g: GraphProto): AttributeProto =>
  create(AttributeProtoSchema, { name, type: Type.GRAPH, g });

/** A classifier of pictures of 8 x 8 with two layers. */
function convolutional(): ModelProto {
  return buildModel({
    opset: 13,
    inputs: [floatInput("x", [1, 3, 8, 8])],
    outputs: [floatInput("y", [1, 4])],
    nodes: [
      makeNode("Conv", ["x", "w", "b"], ["c"], { attributes: [intsAttribute("pads", [1, 1, 1, 1])] }),
      makeNode("Relu", ["c"], ["r"]),
      makeNode("GlobalAveragePool", ["r"], ["p"]),
      makeNode("Flatten", ["p"], ["f"], { attributes: [intAttribute("axis", 1)] }),
      makeNode("Gemm", ["f", "g"], ["y"], { attributes: [intAttribute("transB", 1)] }),
    ],
    constants: { w: noise([4, 3, 3, 3], 1), b: noise([4], 2), g: noise([4, 4], 3) },
  });
}

/** Constants that are computed when a model is opened, with sizes that are constants too. */
function folding(): ModelProto {
  return buildModel({
    opset: 13,
    inputs: [floatInput("x", ["n", 4])],
    outputs: ["y"],
    nodes: [
      makeNode("ConstantOfShape", ["shape"], ["filled"]),
      makeNode("Pad", ["filled", "pads", "value"], ["padded"]),
      makeNode("Expand", ["padded", "wide"], ["expanded"]),
      makeNode("Tile", ["expanded", "times"], ["tiled"]),
      makeNode("Range", ["zero", "end", "one"], ["counted"]),
      makeNode("OneHot", ["at", "depth", "values"], ["hot"]),
      makeNode("Reshape", ["tiled", "four"], ["w"]),
      makeNode("MatMul", ["x", "w"], ["m"]),
      makeNode("Add", ["m", "counted"], ["s"]),
      makeNode("Add", ["s", "hot"], ["y"]),
    ],
    constants: {
      shape: ints(1, 2),
      pads: ints(0, 0, 1, 0),
      value: float(1),
      wide: ints(2, 2),
      times: ints(2, 2),
      zero: float(0),
      end: float(4),
      one: float(1),
      at: ints(1),
      depth: { type: "int64", dims: [], data: BigInt64Array.of(4n) },
      values: { type: "float32", dims: [2], data: Float32Array.of(0, 1) },
      four: ints(4, 4),
    },
  });
}

/** A branch, a loop and a function of the model's own. */
function nested(): ModelProto {
  const branch = (operator: string) =>
    create(GraphProtoSchema, {
      name: operator,
      node: [makeNode(operator, ["x"], [`${operator}_out`])],
      output: [floatInput(`${operator}_out`, [1, 4])],
    });
  const body = create(GraphProtoSchema, {
    name: "body",
    node: [makeNode("Identity", ["go"], ["on"]), makeNode("Add", ["held", "x"], ["next"])],
    input: ["i", "go", "held"].map((name) => ({ ...floatInput(name, []), type: undefined })),
    output: ["on", "next"].map((name) => ({ ...floatInput(name, []), type: undefined })),
  });
  const model = buildModel({
    opset: 15,
    inputs: [floatInput("x", [1, 4])],
    outputs: [floatInput("y", [1, 4])],
    nodes: [
      makeNode("ReduceMax", ["x"], ["top"], { attributes: [intAttribute("keepdims", 0)] }),
      makeNode("Greater", ["top", "zero"], ["is"]),
      makeNode("If", ["is"], ["a"], {
        attributes: [graphAttribute("then_branch", branch("Relu")), graphAttribute("else_branch", branch("Neg"))],
      }),
      makeNode("Loop", ["three", "yes", "a"], ["b"], { attributes: [graphAttribute("body", body)] }),
      makeNode("Scaled", ["b", "w"], ["y"], { domain: "local" }),
    ],
    constants: {
      zero: float(0),
      three: { type: "int64", dims: [], data: BigInt64Array.of(3n) },
      yes: { type: "bool", dims: [], data: Uint8Array.of(1) },
      w: noise([4, 4]),
    },
  });
  return withFields(model, {
    opsetImport: [...model.opsetImport, create(OperatorSetIdProtoSchema, { domain: "local", version: 1n })],
    functions: [
      create(FunctionProtoSchema, {
        name: "Scaled",
        domain: "local",
        input: ["a", "b"],
        output: ["c"],
        node: [makeNode("MatMul", ["a", "b"], ["m"]), makeNode("Tanh", ["m"], ["c"])],
        opsetImport: [create(OperatorSetIdProtoSchema, { domain: "", version: 15n })],
      }),
    ],
  });
}

/** A layer in QDQ. */
function quantized(): ModelProto {
  return buildModel({
    opset: 13,
    inputs: [floatInput("x", [1, 4])],
    outputs: [floatInput("y", [1, 4])],
    nodes: [
      makeNode("QuantizeLinear", ["x", "s", "z"], ["xq"]),
      makeNode("DequantizeLinear", ["xq", "s", "z"], ["xd"]),
      makeNode("DequantizeLinear", ["wq", "ws", "wz"], ["wd"], { attributes: [intAttribute("axis", 1)] }),
      makeNode("MatMul", ["xd", "wd"], ["y"]),
    ],
    constants: {
      s: float(0.02),
      z: { type: "uint8", dims: [], data: Uint8Array.of(128) },
      wq: { type: "int8", dims: [4, 4], data: Int8Array.from({ length: 16 }, (_, i) => i * 7 - 50) },
      ws: { type: "float32", dims: [4], data: Float32Array.of(0.1, 0.2, 0.3, 0.4) },
      wz: { type: "int8", dims: [4], data: new Int8Array(4) },
    },
  });
}

/** An attention-like block with norms, opset 17. */
function transformer(): ModelProto {
  return buildModel({
    opset: 17,
    inputs: [floatInput("x", ["batch", 3, 4])],
    outputs: ["y"],
    nodes: [
      makeNode("LayerNormalization", ["x", "scale", "shift"], ["n"]),
      makeNode("MatMul", ["n", "q"], ["qx"]),
      makeNode("Transpose", ["n"], ["t"], { attributes: [intsAttribute("perm", [0, 2, 1])] }),
      makeNode("MatMul", ["qx", "t"], ["scores"]),
      makeNode("Softmax", ["scores"], ["p"], { attributes: [intAttribute("axis", -1)] }),
      makeNode("MatMul", ["p", "n"], ["v"]),
      makeNode("Add", ["v", "x"], ["y"]),
    ],
    constants: { scale: noise([4], 4), shift: noise([4], 5), q: noise([4, 4], 6) },
  });
}

/** What external weights are kept in, and its bytes. */
export const WEIGHTS = { name: "w.bin", bytes: Uint8Array.from({ length: 256 }, (_, i) => i) };

/** A MatMul with its weight in another file; the entries that say where are given. */
function external(entries: Readonly<Record<string, string>>): ModelProto {
  const model = buildModel({
    opset: 13,
    inputs: [floatInput("x", [1, 4])],
    outputs: [floatInput("y", [1, 4])],
    nodes: [makeNode("MatMul", ["x", "w"], ["y"])],
  });
  const tensor = withFields(tensorProto("w", noise([4, 4])), {
    rawData: new Uint8Array(),
    dataLocation: Location.EXTERNAL,
    externalData: Object.entries(entries).map(([key, value]) => create(StringStringEntryProtoSchema, { key, value })),
  });
  return withFields(model, { graph: withFields(model.graph!, { initializer: [tensor] }) });
}

export const modelBytes = (model: ModelProto) => concat(encodeModel(model));

export const CONVOLUTIONAL = modelBytes(convolutional());
export const MODELS = [CONVOLUTIONAL, ...[folding(), nested(), quantized(), transformer()].map(modelBytes)];
const PLACES: readonly Readonly<Record<string, string>>[] = [
  { location: WEIGHTS.name },
  { location: WEIGHTS.name, offset: "64", length: "64" },
  { location: `./${WEIGHTS.name}`, offset: "0", length: "64", checksum: "da39a3ee5e6b4b0d3255bfef95601890afd80709" },
];
export const EXTERNAL_MODELS = PLACES.map((entries) => modelBytes(external(entries)));
