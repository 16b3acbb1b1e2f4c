import type { Range } from "../model/range.ts";
import type { Reason } from "../model/reason.ts";
import type { LayerForm } from "../model/rounding.ts";
import type { Tensor } from "../model/tensor.ts";
import type { Reduction } from "../numerics/reduction.ts";
import type { GraphIndex } from "../onnx/graph.ts";
import type { NodeProto } from "../onnx/proto/onnx_pb.ts";

/**
 * All that is known of an operator of the default ONNX domain:
 * - weighted: multiplies and adds; its constant factor is a weight.
 * - compute: makes new values, so its output has parameters of its own. `operands`: every input is an operand, constants
 *   too, or the first alone, and the others are settings.
 * - activation: clamps its input; dropped where the quantized range already implies it.
 * - move: only moves or selects values of its first input, so its outputs share that input's parameters.
 * - float: has no form in 8 bits, and why.
 */
export type Operator = Common &
  (
    | Weighted
    | { readonly kind: "compute"; readonly operands: "all" | "first" }
    | { readonly kind: "activation"; readonly clamp: NonNullable<Common["clamp"]> }
    | { readonly kind: "move" }
    | { readonly kind: "float"; readonly reason: Reason }
  );

interface Common {
  /** Quantized only by recipes that decide on samples: those of before knew nothing of it, and give the bytes that they gave. */
  readonly isLate?: true;
  /** What it is for some attributes; null where it is what stands here. */
  readonly variant?: (node: NodeProto, index: GraphIndex) => Operator | null;
  /** What a float operator is for targets that have an integer kernel of it. */
  readonly elsewhere?: Operator;
  /** The range that its output cannot leave. */
  readonly fixed?: Range;
  /** The interval it clamps to; null where that is computed at run time. */
  readonly clamp?: (node: NodeProto, index: GraphIndex) => Range | null;
  /** Whether its first output holds every value of its first input, or of all inputs, each as often. */
  readonly holds?: (node: NodeProto) => "first" | "all" | null;
  /** It makes nothing but values of its inputs from this one on. */
  readonly passesFrom?: number;
  /** Inputs whose constant weights may be kept in 8 bits though it is computed in float, and their axes that have scales of their own. */
  readonly keeps?: readonly KeptInput[];
  /** Its result is the sum of its inputs. */
  readonly adds?: true;
  readonly passage?: (node: NodeProto) => Passage | null;
  /** It gives probabilities; this is the magnitude of an input from where on its 8-bit result is that of an end. */
  readonly probabilities?: (node: NodeProto) => number;
  /** The ends of what it gives as probabilities, where they are not 0 and 1. */
  readonly ends?: Range;
  /** Whether what it makes of probabilities still tells them; of operators that nothing is known of, it does. */
  readonly relays?: (node: NodeProto, index: GraphIndex) => boolean;
}

/** An input that may be a weight, by its position; axes from the first on. */
export interface KeptInput {
  readonly input: number;
  readonly axes: readonly number[];
}

/** How a factor s > 0 on a channel of its input comes out, so that f(s y) = s f(y): cross-layer equalization. */
export interface Passage {
  /**
   * pointwise: element by element. pooled: within a channel. flattened: a channel's pixels become features. joined: the
   * channels of its inputs after each other.
   */
  readonly kind: "pointwise" | "pooled" | "flattened" | "joined";
  /** Whether a constant added to a channel comes out as it was. */
  readonly shifts: boolean;
}

/** A layer with a constant weight, and how the weight makes output channels. */
export interface Weighted {
  readonly kind: "weighted";
  /** Which inputs may be the weight; of "either" both may be activations. */
  readonly factors: "second" | "either";
  /** The weight's axis of output channels; null where channels cannot have scales of their own. */
  readonly channelAxis: (node: NodeProto, rank: number) => number | null;
  /** The axis of a matrix that products are added along, where input `at` is the weight; none where it is no matrix. */
  readonly inputAxis?: (node: NodeProto, rank: number, at: number) => number;
  /** The axis of output channels in what it makes, negative from the end. */
  readonly outputAxis: 1 | -1;
  /** Where one constant an output channel is added: its own third input, or the Add that alone reads it. */
  readonly bias: "own" | "next";
  /** Whether products and bias are added as they are. */
  readonly addsBias: (node: NodeProto) => boolean;
  /** The order in which products are added up, for weights with a scale an output channel; null where there is no integer kernel. */
  readonly reduction: (node: NodeProto, dims: readonly number[]) => Reduction | null;
  /** How many output channels a weight of `dims` makes. */
  readonly channels: (node: NodeProto, dims: readonly number[]) => number;
  /** The output channel of each weight by its place: BatchNormalization is folded by it. */
  readonly channelOf?: (node: NodeProto, dims: readonly number[]) => (element: number) => number;
  /** Which channels each weight joins; null where a factor on an input channel is not one on its weights. */
  readonly joins?: (node: NodeProto, dims: readonly number[]) => ChannelJoins | null;
  /** Whether it reads features of a matrix, not channels of pictures. */
  readonly readsFeatures?: boolean;
  /** Whether values outside its input, zeros, are read too. */
  readonly pads?: (node: NodeProto) => boolean;
  /** How it applies a weight of `dims` to an input of `input`, for learned rounding; null where no learner knows the form. */
  readonly form?: (node: NodeProto, dims: readonly number[], input: Tensor["dims"]) => LayerForm | null;
}

/** Which output and which input channel each weight joins. */
export interface ChannelJoins {
  readonly outputs: number;
  /** Input channels of the whole layer; of a matrix, features of its input. */
  readonly inputs: number;
  /** Calls `visit` for each run of `length` weights from `start` on that join one output and one input channel. */
  forEachRun(visit: (output: number, input: number, start: number, length: number) => void): void;
}
