import { ORT } from "./ort.ts";
import type { Target } from "./target.ts";

/** ONNX Runtime's WASM build: the kernels of its processor provider (job/integerKernels.test.ts reads its own graphs). */
export const ORT_WEB: Target = {
  ...ORT,
  id: "ort-web",
  name: "ONNX Runtime Web on WASM",
  rules: [
    {
      says: "The WASM build has the processor's kernels for every operator, so what is in integers natively is in integers here.",
      source: "https://onnxruntime.ai/docs/tutorials/web/",
    },
    ...ORT.rules,
  ],
  hasPast: false,
};
