import type { DataType } from "../values/elementTypes.ts";
import type { ModelFile } from "./runtime.ts";
import type { Port, TensorMap } from "./tensor.ts";

/** A tensor in the GPU's memory. The buffer may be longer than its values. */
export interface GpuTensor {
  readonly type: DataType;
  readonly dims: readonly number[];
  readonly buffer: GPUBuffer;
}

/** A model whose outputs stay on the GPU. */
export interface GpuSession {
  readonly device: GPUDevice;
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
  /**
   * Runs the model once and hands `use` the outputs named in `fetches`, and any of `feeds` that it names. Their buffers
   * are free again once `use` has returned: it submits what reads them and waits for nothing.
   */
  run(
    feeds: TensorMap,
    fetches: readonly string[],
    use: (tensors: ReadonlyMap<string, GpuTensor>) => void,
  ): Promise<void>;
  dispose(): Promise<void>;
}

/** ONNX Runtime's WebGPU build, and the device it shares with whatever else computes there. */
export interface GpuRuntime {
  readonly label: string;
  readonly device: GPUDevice;
  readonly info: GPUAdapterInfo;
  createSession(model: ModelFile): Promise<GpuSession>;
}
