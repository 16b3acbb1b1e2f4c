import { IN_INTEGERS, ORT, QUANTIZATION_GUIDE } from "./ort.ts";
import type { Target } from "./target.ts";

/** The same on x86 processors without VNNI: what adds two products in 16 bits must not saturate, whatever the weight. */
export const ORT_AVX2: Target = {
  ...ORT,
  id: "ort-cpu-avx2",
  name: "ONNX Runtime without VNNI",
  rules: [
    {
      says: "VPMADDUBSW adds two products in 16 bits and saturates: pairs of weights are kept small enough, and a weight of which pairs cannot be told takes half of the codes.",
      source: QUANTIZATION_GUIDE,
      settles: ["weights"],
      formats: IN_INTEGERS,
    },
    ...ORT.rules.slice(1),
  ],
  halvesOthers: true,
  hasPast: false,
};
