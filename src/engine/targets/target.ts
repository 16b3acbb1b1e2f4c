import { multipliesAll, takesRanges } from "../model/format.ts";
import { InputError } from "../model/job.ts";
import type { ActivationScheme } from "../model/range.ts";
import type { Recipe, WeightScheme } from "../model/recipe.ts";

/** What a runtime takes, and what it makes of what it is given. Operators are named by their type in the default domain. */
export interface Target {
  readonly name: string;
  readonly activations: readonly ActivationScheme[];
  readonly weights: readonly WeightScheme["type"][];
  readonly granularities: readonly WeightScheme["granularity"][];
  /** The lowest opset of a model that it is given quantized. */
  readonly opset: number;
  /** The domain of its own DequantizeLinear, for codes that a model's opset does not have yet; null where it has none. */
  readonly ownDomain: string | null;
  /** The weights that integer kernels multiply with 8-bit activations; others are dequantized and multiplied in float. */
  readonly multiplies: readonly WeightScheme["type"][];
  /** Whether they take weights that come first, too; else such a product is computed in float. */
  readonly multipliesFirst: boolean;
  /** Whether kernels may add two products in 16 bits, so that pairs of weights must not be too large (numerics/saturation.ts). */
  readonly addsInPairs: boolean;
  /** Whether what only moves values has the scale of what it moves; else its result has one of its own. */
  readonly sharesAcrossMovers: boolean;
  /** Whether a clamp, or the Add of a constant after these operators, works on a result before it is rounded. */
  readonly fusesClamp: boolean;
  readonly fusesAdd: ReadonlySet<string>;
  /** Operators whose integer kernels give float too: their result is rounded only where an 8-bit layer reads it. */
  readonly givesFloat: ReadonlySet<string>;
  /** Whether a clamp with one reader keeps the layer before it from its integer kernel unless its own result is rounded. */
  readonly roundsClamps: boolean;
  /** Operators that are multiplied in integers only with a bias in int32, or none. */
  readonly wantsIntegerBias: ReadonlySet<string>;
  /** Float operators that it quantizes itself between a DequantizeLinear and a QuantizeLinear, unless their bias is computed. */
  readonly quantizesItself: ReadonlySet<string>;
  /** Operators that have integer kernels; what only moves values moves codes, but for some. */
  readonly integerKernels: ReadonlySet<string>;
  readonly movesInFloat: ReadonlySet<string>;
  /** Float operators that move values, and before which it rounds what is rounded after them; those that are slow on codes then. */
  readonly roundsBefore: ReadonlySet<string>;
  readonly slowOnCodes: ReadonlySet<string>;
  readonly costs: KernelCosts;
}

/** What layers take, in nanoseconds of one thread: a table, so that what is decided by it is decided everywhere alike. */
export interface KernelCosts {
  /** By operator, for each value read or made, whichever are more. `integer` is null where there is no integer kernel. */
  readonly kernels: ReadonlyMap<string, KernelCost>;
  /** Of operators that are not there, and of those that only move values. */
  readonly others: KernelCost;
  readonly moves: KernelCost;
  /** For each value that is rounded, or made float again, beside a kernel. */
  readonly quantize: number;
  readonly dequantize: number;
  /** For each layer, however little it does. */
  readonly layer: number;
}

export interface KernelCost {
  readonly float: number;
  readonly integer: number | null;
}

/** Throws InputError where a target does not take what a recipe asks for. */
export function assertTakes(target: Target, recipe: Recipe): void {
  const { activations, weights } = recipe;
  const refuse = (what: string, instead: readonly string[]) =>
    new InputError(`${target.name} takes no ${what}; choose ${instead.join(" or ")}.`);
  if (!target.weights.includes(weights.type)) throw refuse(`weights in ${weights.type}`, target.weights);
  if (multipliesAll(recipe) && !target.multiplies.includes(weights.type)) {
    throw new InputError(
      `The format ${recipe.format} holds weights that ${target.name} multiplies in integers; choose ${target.multiplies.join(" or ")} in the place of ${weights.type}, or another format.`,
    );
  }
  if (!target.granularities.includes(weights.granularity)) {
    const words = { channel: "scales by channel", tensor: "scales by tensor" } as const;
    throw refuse(
      words[weights.granularity],
      target.granularities.map((each) => words[each]),
    );
  }
  const isTaken = (scheme: ActivationScheme) =>
    scheme.type === activations.type && scheme.symmetric === activations.symmetric;
  if (!takesRanges(recipe) || target.activations.some(isTaken)) return;
  throw refuse(`activations in ${schemeText(activations)}`, target.activations.map(schemeText));
}

function schemeText({ type, symmetric }: ActivationScheme): string {
  return `${symmetric ? "symmetric" : "asymmetric"} ${type}`;
}
