import { WebGPUBackend } from "@tensorflow/tfjs-backend-webgpu";
import { registerBackend, removeBackend } from "@tensorflow/tfjs-core";
import type { BlockLearner } from "../model/finetuning.ts";
import { tfjsLearner } from "./learner.ts";

/** Learns on a GPU device that others may use too, such as ONNX Runtime's. */
export function webgpuLearner(device: GPUDevice, info: GPUAdapterInfo): Promise<BlockLearner> {
  removeBackend("webgpu");
  registerBackend("webgpu", () => new WebGPUBackend(device, info));
  let reported: string | null = null;
  device.addEventListener("uncapturederror", ({ error }) => {
    reported ??= `WebGPU failed: ${error.message}`;
  });
  return tfjsLearner({ name: "webgpu", label: "WebGPU", failure: () => reported });
}
