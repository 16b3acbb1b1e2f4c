import { unzipSync } from "fflate";
import { readElements } from "../../data/array.ts";
import { readNpy } from "../../data/npy.ts";
import { memoryFile } from "../../data/testing/files.ts";
import type { Tensor, TensorMap } from "../../model/tensor.ts";
import { readShared } from "../../testing/shared.ts";
import { elementCount } from "../../values/dims.ts";

/** A small case of the shared set: its model, and samples of one tensor an input, the first dimension 1. */
export interface SharedCase {
  readonly bytes: Uint8Array;
  readonly calibration: readonly TensorMap[];
  readonly unseen: readonly TensorMap[];
}

/** `inputs` names those that are fed; the first of them is what a lone array of samples is for. */
export async function sharedCase(name: string, inputs: readonly string[]): Promise<SharedCase> {
  const path = (file: string) => `cases/${name}/${file}`;
  const calibration = await arraysOf(readShared(path("calib.npy")), inputs[0]!);
  return {
    bytes: readShared(path("model.onnx")),
    calibration: samplesOf(calibration, inputs.slice(0, 1)),
    unseen: samplesOf(await arraysOf(readShared(path("test.npz")), ""), inputs),
  };
}

/** The unseen inputs of a case by name, all samples of each in one array. */
export function unseenArrays(name: string): Promise<TensorMap> {
  return arraysOf(readShared(`cases/${name}/test.npz`), "");
}

async function arraysOf(bytes: Uint8Array, alone: string): Promise<Map<string, Tensor>> {
  const isZip = bytes[0] === 0x50;
  const files = isZip ? Object.entries(unzipSync(bytes)) : [[`${alone}.npy`, bytes] as const];
  const arrays = files.map(async ([path, content]): Promise<[string, Tensor]> => {
    const array = await readNpy(memoryFile(path, content));
    const data = await readElements(array, 0, elementCount(array.dims));
    return [path.replace(/\.npy$/, ""), { type: array.type, dims: array.dims, data }];
  });
  return new Map(await Promise.all(arrays));
}

function samplesOf(arrays: ReadonlyMap<string, Tensor>, inputs: readonly string[]): TensorMap[] {
  const count = arrays.get(inputs[0]!)!.dims[0]!;
  return Array.from({ length: count }, (_, i) => {
    const tensorOf = (name: string): Tensor => {
      const { type, dims, data } = arrays.get(name)!;
      const size = data.length / count;
      return { type, dims: [1, ...dims.slice(1)], data: data.slice(i * size, (i + 1) * size) };
    };
    return new Map(inputs.map((name) => [name, tensorOf(name)]));
  });
}
