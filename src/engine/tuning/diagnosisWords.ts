import type { Method } from "../model/range.ts";

/** How a sentence names a method: "set this range by ...". */
export const METHOD_WORDS: Readonly<Record<Method, string>> = {
  minmax: "min-max",
  average: "moving average",
  percentile: "percentile",
  entropy: "entropy",
  mse: "MSE",
  cosine: "cosine",
};
