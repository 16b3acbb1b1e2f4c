import { readShared } from "../../testing/shared.ts";

/** The reference models of the shared folder, by name whether it is there or not. */
export const MODEL_NAMES: readonly string[] = [
  "fastestdet.onnx",
  "fmnist_dw_bn.onnx",
  "fmnist_dw_folded.onnx",
  "mnist_cntk.onnx",
  "mobilenet_v1_0.75_224.onnx",
  "ppocrv4_rec.onnx",
  "silero_vad_v5.onnx",
  "squeezenet1.1.onnx",
  "stories260K.onnx",
  "superres_prepost_op18.onnx",
  "ultraface_rfb320.onnx",
];

export function readModel(name: string): Uint8Array {
  return readShared(`models/${name}`);
}
