import { EIGHT_BITS, ORT } from "./ort.ts";
import type { Target } from "./target.ts";

/** What targets that are not ONNX Runtime's own processor provider have in common: nothing of what is special there. */
export const ELSEWHERE = {
  ...ORT,
  formats: ["qdq"],
  activations: EIGHT_BITS,
  ownDomain: null,
  weights: ["int8"],
  blocks: false,
  multipliesFirst: true,
  addsInPairs: false,
  givesFloat: new Set<string>(),
  roundsClamps: false,
  roundsBeforeClamps: false,
  wantsIntegerBias: new Set<string>(),
  movesInFloat: new Set<string>(),
  roundsBefore: new Set<string>(),
  slowOnCodes: new Set<string>(),
  multipliesAtRunTime: new Set<string>(),
  storesOthers: false,
  hasPast: false,
  isHere: false,
  costs: null,
} as const satisfies Target;

/** What only rearranges or picks values. */
export const MOVES = "Reshape Flatten Squeeze Unsqueeze Transpose Slice Split Gather MaxPool".split(" ");
