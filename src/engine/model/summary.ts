import type { Notice } from "./job.ts";
import type { Range } from "./range.ts";
import type { Reason } from "./reason.ts";
import type { Port } from "./tensor.ts";

/** A node of the prepared graph, as a person sees it. */
export interface Layer {
  /** The node's name, or operator and output where it has none; unique in the model. */
  readonly id: string;
  readonly operator: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** Elements of the initialisers that this layer reads. */
  readonly parameters: number;
  /** The initialiser quantized as this layer's weight. */
  readonly weight: string | null;
  /** That of its weight, and of its arithmetic where the activations it reads and makes are quantized. */
  readonly precision: "int8" | "int4" | "float32";
  /** Why it stays in float; null when it is quantized. */
  readonly reason: Reason | null;
}

/** Activations that share one scale and zero point, because the operators between them only move data. */
export interface RangeGroup {
  /** The first member in graph order. */
  readonly id: string;
  readonly members: readonly string[];
  /** A range that follows from the operator, such as Softmax's [0, 1]. */
  readonly fixed: Range | null;
  /** What a Relu or Clip before the first member lets through, infinite where open; ranges are kept inside it. */
  readonly bounds: Range | null;
  /** What the range holds at least, unless it is set by hand: samples need not show all that such a tensor can be. */
  readonly least: Range | null;
}

/** An activation of the prepared model that calibration can watch. */
export interface Activation {
  readonly name: string;
  /** The layer that makes it; null for a model input. */
  readonly producer: string | null;
  readonly consumers: readonly string[];
  /** From one observed run; null before it. */
  readonly dims: readonly number[] | null;
  /** The group whose parameters it takes; null when it stays in float. */
  readonly group: string | null;
}

export interface ModelSummary {
  readonly name: string;
  readonly sha256: string;
  readonly bytes: number;
  readonly irVersion: number;
  readonly opset: number;
  readonly producer: string;
  readonly parameters: number;
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
  readonly operators: readonly { readonly type: string; readonly count: number; readonly quantized: number }[];
  readonly layers: readonly Layer[];
  readonly activations: readonly Activation[];
  readonly groups: readonly RangeGroup[];
  /** What preparing did: "27 BatchNormalization folded into Conv". */
  readonly preparation: readonly string[];
  readonly notices: readonly Notice[];
}
