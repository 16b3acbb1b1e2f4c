import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { InferenceSession, Tensor as OrtTensor } from "onnxruntime-node";
import type { Tensor, TensorMap } from "../../model/tensor.ts";
import { decodeModel } from "../../onnx/decode.ts";
import { concat, encodeModel } from "../../onnx/encode.ts";
import { inputPorts } from "../../onnx/ports.ts";
import type { ModelProto } from "../../onnx/proto/onnx_pb.ts";
import { vector } from "../../onnx/tensor.ts";
import { elementCount } from "../../values/dims.ts";
import type { DataType, TensorData } from "../../values/elementTypes.ts";

/** Runs a model on onnxruntime-node, as written or optimized, and gives all of its outputs. */
export async function run(model: ModelProto, feeds: TensorMap = new Map(), optimize = true): Promise<TensorMap> {
  const session = await InferenceSession.create(concat(encodeModel(model)), {
    graphOptimizationLevel: optimize ? "all" : "disabled",
    intraOpNumThreads: 1,
    logSeverityLevel: 3,
  });
  const ort = [...feeds].map(([name, { type, data, dims }]) => [
    name,
    new OrtTensor(type as "float32", data as Float32Array, dims),
  ]);
  const results = await session.run(Object.fromEntries(ort));
  const outputs = Object.entries(results).map(([name, { type, dims, data }]): [string, Tensor] => [
    name,
    { type: type as DataType, dims, data: bitsOf(type, data as TensorData).slice() },
  ]);
  await session.release();
  if (outputs.length === 0) throw new Error("the model gave nothing to compare");
  return new Map(outputs);
}

/** float16 is a Float16Array where JavaScript has one. */
function bitsOf(type: string, data: TensorData): TensorData {
  return type === "float16" ? new Uint16Array(data.buffer, data.byteOffset, data.length) : data;
}

/** Seeded values in [0, 1) for every input; `dims` gives the shapes of inputs that have dynamic ones. */
export function randomFeeds(
  model: ModelProto,
  dims: Readonly<Record<string, readonly number[]>> = {},
): Map<string, Tensor> {
  let state = 12345;
  const next = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  return new Map(
    inputPorts(model).map((port) => {
      const shape = dims[port.name] ?? port.dims.map(Number);
      const type = port.type === "other" ? "float32" : port.type;
      const values = Array.from({ length: elementCount(shape) }, () =>
        type === "float32" ? next() : Math.floor(next() * 100),
      );
      return [port.name, { ...vector(type, values), dims: shape }];
    }),
  );
}

/** The largest difference of two tensors over the largest magnitude of the first. */
export function relativeDifference(a: Tensor | undefined, b: Tensor | undefined): number {
  if (!a || !b || a.data.length !== b.data.length) return Number.POSITIVE_INFINITY;
  let difference = 0;
  let magnitude = 0;
  for (let i = 0; i < a.data.length; i++) {
    const [x, y] = [Number(a.data[i]), Number(b.data[i])];
    difference = Number.isNaN(x - y) ? Number.POSITIVE_INFINITY : Math.max(difference, Math.abs(x - y));
    magnitude = Math.max(magnitude, Math.abs(x));
  }
  return difference / (magnitude || 1);
}

/** The operators that onnxruntime-node runs a model with, after its own optimizations, in its order. */
export async function optimizedOperators(model: ModelProto): Promise<string[]> {
  return (await optimizedModel(model)).graph?.node.map(({ opType }) => opType) ?? [];
}

/** What onnxruntime-node makes of a model by its own optimizations. */
export async function optimizedModel(model: ModelProto): Promise<ModelProto> {
  const folder = mkdtempSync(join(tmpdir(), "octet-optimized-"));
  try {
    const file = join(folder, "optimized.onnx");
    const session = await InferenceSession.create(concat(encodeModel(model)), {
      graphOptimizationLevel: "all",
      optimizedModelFilePath: file,
      intraOpNumThreads: 1,
      logSeverityLevel: 3,
    });
    await session.release();
    return decodeModel(new Uint8Array(readFileSync(file)), file);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
