import { ELSEWHERE, MOVES } from "./elsewhere.ts";
import { QDQ } from "./ort.ts";
import type { Target } from "./target.ts";

const LPT =
  "https://docs.openvino.ai/2024/documentation/openvino-extensibility/openvino-plugin-library/advanced-guides/low-precision-transformations.html";

/** OpenVINO's low precision transformations, on its processor plugin. */
export const OPENVINO: Target = {
  ...ELSEWHERE,
  id: "openvino",
  name: "OpenVINO",
  defaults: {
    format: "qdq",
    activations: { type: "uint8", symmetric: false },
    weights: { type: "int8", granularity: "channel" },
    elementwise: "join",
  },
  rules: [
    {
      says: "Activations are uint8 or int8, weights int8 from -127 to 127.",
      source: LPT,
      settles: ["activations", "weights"],
      formats: QDQ,
    },
    {
      says: "Dequantizing is carried through the operators of its list; a layer that is not in it runs in its own precision.",
      source: LPT,
      settles: ["format", "elementwise"],
      formats: QDQ,
    },
    {
      says: "Processors without VNNI add two products in 16 bits there too, so that pairs of weights are kept small enough.",
      source: "https://docs.openvino.ai/2022.3/pot_saturation_issue.html",
      formats: QDQ,
    },
    {
      says: "Weights alone may be in int8 or int4: they are dequantized at run time.",
      source: "https://docs.openvino.ai/2024/openvino-workflow/model-optimization-guide/weight-compression.html",
      formats: ["qdq", "weights"],
    },
  ],
  formats: ["qdq", "weights", "float16"],
  weights: ["int8", "int4"],
  addsInPairs: true,
  integerKernels: new Set([
    ...[
      "Add",
      "Mul",
      "AveragePool",
      "GlobalAveragePool",
      "Clip",
      "Concat",
      "Conv",
      "ConvTranspose",
      "Gemm",
      "MatMul",
      "Relu",
      "ReduceMean",
    ],
    ...["Resize", "DepthToSpace", ...MOVES],
  ]),
};
