import { ORT_WEB } from "./ortWeb.ts";
import type { Target } from "./target.ts";

/** transformers.js 3, which runs ONNX Runtime Web. */
export const TRANSFORMERS_JS: Target = {
  ...ORT_WEB,
  id: "transformers.js",
  name: "transformers.js",
  defaults: { ...ORT_WEB.defaults, format: "dynamic" },
  rules: [
    {
      says: "Its own 8-bit models are dynamic: DynamicQuantizeLinear before MatMulInteger, and no calibration.",
      source: "https://github.com/xenova/transformers.js/issues/849",
      settles: ["format"],
    },
    {
      says: "On WASM it takes 8-bit weights (q8) where nothing else is asked for, of a file that ends in _quantized.onnx.",
      source: "https://huggingface.co/docs/transformers.js/guides/dtypes",
      settles: ["weights"],
    },
    {
      says: "Its processors and tokenizers make float32 and integers, and no float16 but for caches of keys and values: inputs and outputs stay float32.",
      source: "https://github.com/huggingface/transformers.js/issues/1447",
    },
    {
      says: "On WebGPU a GatherBlockQuantized wants two 4-bit zero points in every byte, so that a table whose rows have an odd number of blocks does not run.",
      source:
        "https://github.com/microsoft/onnxruntime/blob/main/onnxruntime/contrib_ops/webgpu/quantization/gather_block_quantized.cc",
    },
    ...ORT_WEB.rules,
  ],
  oddZeroPoints: false,
  halfEnds: false,
};
