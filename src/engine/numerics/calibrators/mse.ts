import type { ActivationScheme, Range } from "../../model/range.ts";
import type { Density } from "../density.ts";
import { searchRange } from "./search.ts";

/** The range of least expected mean squared error, rounding and clipping counted (Nagel et al. 2021, section 3.1). */
export function mseRange(density: Density, scheme: ActivationScheme): Range {
  return searchRange(density, scheme, ({ squaredError }) => squaredError);
}
