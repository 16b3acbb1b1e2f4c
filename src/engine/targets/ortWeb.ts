import { ORT } from "./ort.ts";
import type { Target } from "./target.ts";

/** ONNX Runtime's WASM build: the kernels of its processor provider (job/modelKernels.test.ts reads its own graphs). */
export const ORT_WEB: Target = {
  ...ORT,
  id: "ort-web",
  name: "ONNX Runtime Web on WASM",
  rules: [
    {
      says: "The WASM build has the processor's kernels for every operator, so what is in integers natively is in integers here.",
      source: "https://onnxruntime.ai/docs/tutorials/web/",
      settles: ["format"],
    },
    {
      says: "float8 is for processors that multiply it, which nothing in a browser does: it is not written for the web.",
      source: "https://onnx.ai/onnx/technical/float8.html",
    },
    ...ORT.rules,
  ],
  formats: ORT.formats.filter((format) => format !== "float8"),
  activations: ORT.activations.filter(({ type }) => type !== "float8"),
  weights: ORT.weights.filter((type) => type !== "float8"),
  hasPast: false,
  /** DynamicQuantizeLSTM runs there, and takes longer than LSTM in float (docs/formats.md). */
  multipliesAtRunTime: new Set([...ORT.multipliesAtRunTime].filter((operator) => operator !== "LSTM")),
};
