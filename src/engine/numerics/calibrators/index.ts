import type { ActivationScheme, Method, Range } from "../../model/range.ts";
import type { TensorStatistics } from "../../model/statistics.ts";
import { type Density, densityOf } from "../density.ts";
import { averageRange } from "./average.ts";
import { cosineRange } from "./cosine.ts";
import { entropyRange } from "./entropy.ts";
import { minmaxRange } from "./minmax.ts";
import { mseRange } from "./mse.ts";
import { percentileRange } from "./percentile.ts";

/** Where `method` puts the clip range; [0, 0] when no finite value was seen. Each method: docs/methods.md. */
export function chooseRange(method: Method, statistics: TensorStatistics, scheme: ActivationScheme): Range {
  if (statistics.finite === 0) return { low: 0, high: 0 };
  const density = (): Density => densityOf(statistics);
  switch (method) {
    case "minmax":
      return minmaxRange(statistics);
    case "average":
      return averageRange(statistics);
    case "percentile":
      return percentileRange(density(), scheme);
    case "entropy":
      return entropyRange(density());
    case "mse":
      return mseRange(density(), scheme);
    case "cosine":
      return cosineRange(density(), scheme);
  }
}
