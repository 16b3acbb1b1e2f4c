import { about, count, fields, flag, list, maybe, nullable, type Of, oneOf, text } from "../schema/define.ts";
import { WEIGHT_TYPES } from "../values/codes.ts";
import type { Notice } from "./job.ts";
import type { GroupWidth, Range } from "./range.ts";
import type { Reason } from "./reason.ts";
import { PORT } from "./tensor.ts";

/** A layer, and why it stays in float in words. */
const REPORTED_LAYER = fields({
  id: about(
    "The node's name, or operator and output where it has none; that of a layer inside another begins with that one's and the name of its graph. Unique in the model.",
    text,
  ),
  operator: text,
  inputs: about("Tensors of the model's own graph; none of a layer inside another.", list(text)),
  outputs: about("Likewise.", list(text)),
  parameters: about("Elements of the initialisers that this layer reads.", count),
  weight: about("The initialiser quantized as this layer's weight.", nullable(text)),
  precision: about(
    "That of its weight, and of its arithmetic where the activations it reads and makes are quantized.",
    oneOf([...WEIGHT_TYPES, "int16", "float16", "bfloat16", "float32"]),
  ),
  reason: about("Why it, or all of it but its weights, stays in float; null when it is quantized.", nullable(text)),
  wide: maybe(about("Its activations have 16 bits, where those of others have 8.", flag)),
});
export type ReportedLayer = Of<typeof REPORTED_LAYER>;

/** A node of the prepared graph, or one with weights in a graph that a node holds, as a person sees it. */
export interface Layer extends Omit<ReportedLayer, "reason"> {
  /** Why it, or all of it but its weights, stays in float; null when it is quantized. */
  readonly reason: Reason | null;
}

/** Activations that share one scale and zero point, because the operators between them only move data, or join it. */
export interface RangeGroup {
  /** The member whose values decide the range: the first in graph order, or what joins the others. */
  readonly id: string;
  readonly members: readonly string[];
  /** Members whose values decide the range together, where what is joined has one scale with all that it is moved from. */
  readonly parts?: readonly string[];
  /** A range that follows from the operator, such as Softmax's [0, 1]. */
  readonly fixed: Range | null;
  /** What the Relu or Clip before a member lets through, infinite where open; ranges are kept inside it. */
  readonly bounds: Range | null;
  /** What the range holds at least, unless it is set by hand: samples need not show all that such a tensor can be. */
  readonly least: Range | null;
  /** Whether methods cut nothing that was seen, since it is a gate: what it rarely lets through is what it is there for. */
  readonly whole: boolean;
  /** Below it all values of the member that decides the range come to the same for what reads them. */
  readonly flatBelow?: number;
  /** Set where it is made in 16 bits and others in 8. */
  readonly wide?: GroupWidth;
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
  /** Set on an input of the model that is float16 in the file. */
  readonly isHalf?: true;
}

/** A model as a report has it. */
export const REPORTED_MODEL = fields({
  name: text,
  sha256: text,
  bytes: count,
  irVersion: count,
  opset: count,
  producer: text,
  parameters: count,
  inputs: list(PORT),
  outputs: list(PORT),
  operators: list(fields({ type: text, count, quantized: count })),
  layers: list(REPORTED_LAYER),
  floatKernels: about(
    "The layers of these that are stored in fewer bits alone and computed in float, or `elsewhere`, by id; null in reports of before.",
    nullable(list(text)),
  ),
  elsewhere: maybe(
    about(
      "What alone runs the file, since its layers compute in bfloat16: it was not run here. Absent where it runs here.",
      text,
    ),
  ),
  preparation: about('What preparing did: "27 BatchNormalization folded into Conv".', list(text)),
});

export interface ModelSummary extends Omit<Of<typeof REPORTED_MODEL>, "layers" | "floatKernels"> {
  readonly layers: readonly Layer[];
  /** Layers that are quantized, or stored so, and that the runtime computes in float all the same, or in bfloat16 `elsewhere`, by name. */
  readonly floatKernels: readonly string[];
  readonly activations: readonly Activation[];
  readonly groups: readonly RangeGroup[];
  /** Of the preparation; what was learned for a model prepared otherwise is not for this one. */
  readonly generation: number;
  readonly notices: readonly Notice[];
}
