import type { ModelKind } from "../../model/advice.ts";
import type { Tensor } from "../../model/tensor.ts";
import { intAttribute, makeNode } from "../../onnx/attributes.ts";
import type { ModelProto } from "../../onnx/proto/onnx_pb.ts";
import { scalar } from "../../onnx/tensor.ts";
import { buildModel, floatInput, noise, portInfo } from "../../onnx/testing/build.ts";

const tokens = (name: string) => portInfo({ name, type: "int64", dims: [1, 6] });

/** A table of `rows` rows, and attention over what is looked up in it; the scores are masked where there is a mask. */
function attending(rows: number, mask: Tensor | null, hasScores: boolean): ModelProto {
  return buildModel({
    opset: 17,
    inputs: [tokens("input_ids"), ...(hasScores ? [] : [tokens("attention_mask")])],
    outputs: [floatInput("y", [1, 6, hasScores ? rows : 8])],
    nodes: [
      makeNode("Gather", ["table", "input_ids"], ["x"], { name: "embedding" }),
      makeNode("MatMul", ["x", "wq"], ["q"], { name: "q" }),
      makeNode("MatMul", ["x", "wk"], ["k"], { name: "k" }),
      makeNode("Transpose", ["k"], ["kt"], { name: "turn" }),
      makeNode("MatMul", ["q", "kt"], ["scores"], { name: "products" }),
      ...(mask ? [makeNode("Add", ["scores", "mask"], ["masked"], { name: "add-mask" })] : []),
      makeNode("Softmax", [mask ? "masked" : "scores"], ["weights"], { name: "softmax" }),
      makeNode("MatMul", ["weights", "x"], ["attended"], { name: "attend" }),
      makeNode("MatMul", ["attended", "wo"], ["y"], { name: "head" }),
    ],
    constants: {
      table: noise([rows, 8], 1),
      wq: noise([8, 8], 2),
      wk: noise([8, 8], 3),
      wo: noise([8, hasScores ? rows : 8], 4),
      ...(mask && { mask }),
    },
  });
}

/** 0 up to the diagonal and -1e9 above. */
const TRIANGLE: Tensor = {
  type: "float32",
  dims: [6, 6],
  data: Float32Array.from({ length: 36 }, (_, at) => (at % 6 > Math.floor(at / 6) ? -1e9 : 0)),
};

const image = floatInput("x", [1, 3, 8, 8]);

function convolving(depthwise: boolean, outputs: "classes" | "grid" | "boxes"): ModelProto {
  const [group, inputs] = depthwise ? [3, 1] : [1, 3];
  const attributes = [intAttribute("group", group)];
  const ends = {
    classes: [makeNode("GlobalAveragePool", ["c"], ["y"], { name: "pool" })],
    grid: [makeNode("Relu", ["c"], ["y"], { name: "relu" })],
    boxes: [
      makeNode("Reshape", ["c", "as-boxes"], ["boxes"], { name: "boxes-of" }),
      makeNode("Reshape", ["c", "as-scores"], ["scores"], { name: "scores-of" }),
    ],
  } as const;
  const shape = (dims: readonly number[]): Tensor => ({
    type: "int64",
    dims: [dims.length],
    data: BigInt64Array.from(dims, BigInt),
  });
  return buildModel({
    opset: 17,
    inputs: [image],
    outputs: {
      classes: [floatInput("y", [1, 12, 1, 1])],
      grid: [floatInput("y", [1, 12, 6, 6])],
      boxes: [floatInput("boxes", [1, 108, 4]), floatInput("scores", [1, 108, 4])],
    }[outputs],
    nodes: [makeNode("Conv", ["x", "w"], ["c"], { name: "conv", attributes }), ...ends[outputs]],
    constants: {
      w: noise([12, inputs, 3, 3], 5),
      ...(outputs === "boxes" && { "as-boxes": shape([1, 108, 4]), "as-scores": shape([1, 108, 4]) }),
    },
  });
}

/** Windows of a signal, two transforms, their squares added, filters, a logarithm where that is wanted, and a layer that reads it. */
export function spectrogram(hasLog = true): ModelProto {
  const filters = noise([9, 4], 8);
  const positive = Float32Array.from(filters.data as Float32Array, (value) => 0.01 + Math.abs(value));
  return buildModel({
    opset: 17,
    inputs: [floatInput("x", [4, 16])],
    outputs: [floatInput("y", [4, 6])],
    nodes: [
      makeNode("MatMul", ["x", "cosines"], ["real"], { name: "real" }),
      makeNode("MatMul", ["x", "sines"], ["imaginary"], { name: "imaginary" }),
      makeNode("Mul", ["real", "real"], ["rr"], { name: "square" }),
      makeNode("Pow", ["imaginary", "two"], ["ii"], { name: "power" }),
      makeNode("Add", ["rr", "ii"], ["powers"], { name: "powers" }),
      makeNode("MatMul", ["powers", "filters"], ["mel"], { name: "mel" }),
      makeNode(hasLog ? "Log" : "Sqrt", ["mel"], ["heard"], { name: "heard" }),
      makeNode("MatMul", ["heard", "w"], ["y"], { name: "head" }),
    ],
    constants: {
      cosines: noise([16, 9], 6),
      sines: noise([16, 9], 7),
      two: scalar("float32", 2),
      filters: { ...filters, data: positive },
      w: noise([4, 6], 9),
    },
  });
}

function recurring(): ModelProto {
  return buildModel({
    opset: 17,
    inputs: [floatInput("x", [5, 1, 4])],
    outputs: [floatInput("y", [5, 1, 1, 3])],
    nodes: [makeNode("LSTM", ["x", "w", "r"], ["y"], { name: "lstm", attributes: [intAttribute("hidden_size", 3)] })],
    constants: { w: noise([1, 12, 4], 1), r: noise([1, 12, 3], 2) },
  });
}

/** A classifier of bytes, as of files. */
export function ofBytes(): ModelProto {
  return buildModel({
    opset: 17,
    inputs: [tokens("bytes")],
    outputs: [floatInput("y", [1, 6, 3])],
    nodes: [
      makeNode("Gather", ["table", "bytes"], ["x"], { name: "embedding" }),
      makeNode("MatMul", ["x", "w"], ["y"], { name: "head" }),
    ],
    constants: { table: noise([257, 8], 1), w: noise([8, 3], 2) },
  });
}

/** A small model of each kind. */
export const MODELS: Readonly<Record<Exclude<ModelKind, "spectrogram" | "other">, readonly ModelProto[]>> = {
  decoder: [attending(40, TRIANGLE, true)],
  encoder: [attending(40, null, false), attending(40, TRIANGLE, false)],
  recurrent: [recurring()],
  bytes: [ofBytes()],
  detector: [convolving(false, "grid"), convolving(true, "boxes")],
  depthwise: [convolving(true, "classes")],
  cnn: [convolving(false, "classes")],
};

/** A layer of which nothing tells what it is for. */
export const UNKNOWN = buildModel({
  opset: 17,
  inputs: [floatInput("x", [2, 8])],
  outputs: [floatInput("y", [2, 8])],
  nodes: [makeNode("MatMul", ["x", "w"], ["y"], { name: "product" })],
  constants: { w: noise([8, 8], 2) },
});
