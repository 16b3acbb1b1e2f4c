import type { Method } from "../../engine/model/range.ts";
import type { Word } from "../words.ts";

export const METHOD_NAMES: Readonly<Record<Method, string>> = {
  minmax: "min-max",
  average: "moving average",
  percentile: "percentile",
  entropy: "entropy (KL)",
  mse: "MSE",
  cosine: "cosine",
};

/** The letter that stands for a method wherever its colour does. */
export const METHOD_LETTERS: Readonly<Record<Method, string>> = {
  minmax: "M",
  average: "A",
  percentile: "P",
  entropy: "E",
  mse: "S",
  cosine: "C",
};

export const METHOD_WORDS: Readonly<Record<Method, Word>> = {
  minmax: "minmax",
  average: "average",
  percentile: "percentile",
  entropy: "entropy",
  mse: "mse",
  cosine: "cosine method",
};

export function methodColour(method: Method): string {
  return `var(--method-${method})`;
}
