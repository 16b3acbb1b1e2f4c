import type { Recipe } from "../model/recipe.ts";
import type { LayerForm, LayerWeight } from "../model/rounding.ts";
import type { Tensor } from "../model/tensor.ts";
import { packBits } from "../numerics/bits.ts";
import type { TensorProto } from "../onnx/proto/onnx_pb.ts";
import { dimsOf, tensorOf } from "../onnx/tensor.ts";
import type { LayerPlan, QuantizationPlan } from "../plan/plan.ts";
import { plannedWeight } from "../plan/plannedWeight.ts";
import { weightLimits } from "../values/codes.ts";

/** A layer's weight to be rounded, without how the layer applies it. */
export type WeightRows = Omit<LayerWeight, "form">;

/**
 * The weight of a planned layer as rows of output channels, with the scales and limits of its codes: of a Conv, and of a
 * Gemm or MatMul whose second input is a matrix. Null for any other layer. Codes are clamp(floor(w / scale) + up).
 */
export function weightRows(
  layer: LayerPlan,
  plan: QuantizationPlan,
  recipe: Pick<Recipe, "format" | "weights" | "activations" | "resolved">,
): WeightRows | null {
  const { weightUse: use } = layer;
  if (!use || !hasRows(layer)) return null;
  const weight = tensorOf(plan.index.initializer(use.name) as TensorProto).data as Float32Array;
  const { dims, scales, type } = plannedWeight(layer, use, plan, { ...recipe, rounding: null });
  const channels = dims[use.axis as number] as number;
  const inputs = weight.length / channels;
  return {
    weight: isTransposed(layer) ? transposed(weight, inputs, channels) : weight,
    channels,
    inputs,
    scales: scales.length === channels ? scales : new Float32Array(channels).fill(scales[0] as number),
    limits: weightLimits(type),
  };
}

/** How a planned layer applies its weight to an input of dimensions `dims`; null for one whose form no learner knows. */
export function layerForm(
  { node, descriptor, weightUse }: LayerPlan,
  plan: QuantizationPlan,
  dims: Tensor["dims"],
): LayerForm | null {
  const weight = plan.index.initializer(weightUse?.name ?? "");
  return weight && descriptor?.kind === "weighted" ? (descriptor.form?.(node, dimsOf(weight), dims) ?? null) : null;
}

/** What the recipe keeps of a layer's rounding: `up` is 0 or 1 for each weight, in the order of `weightRows`. */
export function packRounding(layer: LayerPlan, plan: QuantizationPlan, up: Uint8Array): string {
  const { weightUse: use } = layer;
  const dims = use ? dimsOf(plan.index.initializer(use.name) as TensorProto) : [];
  const channels = dims[use?.axis ?? 0] ?? 1;
  return packBits(isTransposed(layer) ? transposed(up, channels, up.length / channels) : up);
}

/** What there is one of for each weight, in the order of `weightRows`, from and in the weight's own. */
export function inRows<T extends Float32Array | Uint8Array | Int8Array>(layer: LayerPlan, channels: number, own: T): T {
  return isTransposed(layer) ? transposed(own, own.length / channels, channels) : own;
}

export function fromRows<T extends Float32Array | Uint8Array | Int8Array>(
  layer: LayerPlan,
  channels: number,
  rows: T,
): T {
  return isTransposed(layer) ? transposed(rows, channels, rows.length / channels) : rows;
}

function hasRows({ weightUse, descriptor }: LayerPlan): boolean {
  return weightUse?.input === 1 && weightUse.axis !== null && isLearnable(descriptor);
}

function isLearnable(descriptor: LayerPlan["descriptor"]): boolean {
  return descriptor?.kind === "weighted" && descriptor.form !== undefined;
}

/** Whether the weight is a matrix with a column for each output channel. */
function isTransposed({ weightUse }: LayerPlan): boolean {
  return weightUse?.axis === 1;
}

/** A matrix of rows x columns, by columns. */
function transposed<T extends Float32Array | Uint8Array | Int8Array>(values: T, rows: number, columns: number): T {
  const result = new (values.constructor as new (length: number) => T)(values.length);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      result[column * rows + row] = values[row * columns + column] as number;
    }
  }
  return result;
}
