import { type ChosenTarget, DEFAULT_TARGET, type TargetName } from "../model/target.ts";
import { INTEGER_ONLY } from "./integerOnly.ts";
import { OPENVINO } from "./openvino.ts";
import { ORT } from "./ort.ts";
import { ORT_AVX2 } from "./ortAvx2.ts";
import { ORT_WEB } from "./ortWeb.ts";
import { ORT_WEBGPU } from "./ortWebgpu.ts";
import { QNN } from "./qnn.ts";
import type { Target } from "./target.ts";
import { TENSORRT } from "./tensorrt.ts";
import { TRANSFORMERS_JS } from "./transformersJs.ts";
import { VITIS_NPU } from "./vitisNpu.ts";

/** A model may be for any of these; of a new one it is said here who it is. */
export const TARGETS: Readonly<Record<TargetName, Target>> = {
  "ort-cpu": ORT,
  "ort-cpu-avx2": ORT_AVX2,
  "ort-web": ORT_WEB,
  "ort-webgpu": ORT_WEBGPU,
  "transformers.js": TRANSFORMERS_JS,
  tensorrt: TENSORRT,
  openvino: OPENVINO,
  qnn: QNN,
  "vitis-npu": VITIS_NPU,
  "integer-only": INTEGER_ONLY,
};

/** What a recipe is for. */
export function targetOf({ target }: { readonly target?: ChosenTarget }): Target {
  return TARGETS[target ?? DEFAULT_TARGET];
}
