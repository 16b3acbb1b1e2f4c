import type { ActivationScheme } from "../model/range.ts";
import type { WeightScheme } from "../model/recipe.ts";

/** What a runtime takes, and what it makes of what it is given. Operators are named by their type in the default domain. */
export interface Target {
  readonly name: string;
  readonly activations: readonly ActivationScheme["type"][];
  readonly weights: readonly WeightScheme["type"][];
  readonly granularities: readonly WeightScheme["granularity"][];
  /** The weights that integer kernels multiply with 8-bit activations; others are dequantized and multiplied in float. */
  readonly multiplies: readonly WeightScheme["type"][];
  /** Whether kernels may add two products in 16 bits, so that pairs of weights must not be too large (numerics/saturation.ts). */
  readonly addsInPairs: boolean;
  /** Operators whose integer kernels give float too: their result is rounded only where an 8-bit layer reads it. */
  readonly givesFloat: ReadonlySet<string>;
  /** Operators that are multiplied in integers only with a bias in int32, or none. */
  readonly wantsIntegerBias: ReadonlySet<string>;
  /** Operators that it makes one kernel of with the Add of a constant after them. */
  readonly fusesAdd: ReadonlySet<string>;
  /** Float operators that it quantizes itself between a DequantizeLinear and a QuantizeLinear, unless their bias is computed. */
  readonly quantizesItself: ReadonlySet<string>;
  /** The opset that QuantizeLinear and DequantizeLinear with an axis need, and int4 codes. */
  readonly opset: number;
  readonly int4Opset: number;
  /** The domain of its own DequantizeLinear, for codes that a model's opset does not have yet; null where it has none. */
  readonly ownDomain: string | null;
}
