import { about, maybe, type Of, oneOf } from "../schema/define.ts";

/** Where a model is to run: src/engine/targets has a file for each. */
export const TARGET_NAMES = [
  "ort-cpu",
  "ort-cpu-avx2",
  "ort-web",
  "ort-webgpu",
  "transformers.js",
  "tensorrt",
  "openvino",
  "qnn",
  "vitis-npu",
  "integer-only",
] as const;
export type TargetName = (typeof TARGET_NAMES)[number];

/** What recipes are for that do not say. */
export const DEFAULT_TARGET: TargetName = "ort-cpu";

export const TARGET = about(
  "What the model is for: it sets what is quantized and how, and is ort-cpu where it is absent.",
  maybe(oneOf(TARGET_NAMES)),
);
export type ChosenTarget = Of<typeof TARGET>;
