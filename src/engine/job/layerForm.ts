import type { LayerForm } from "../model/rounding.ts";
import type { Tensor } from "../model/tensor.ts";
import { intOf, intsOf, stringOf } from "../onnx/attributes.ts";
import type { NodeProto } from "../onnx/proto/onnx_pb.ts";
import { dimsOf } from "../onnx/tensor.ts";
import type { LayerPlan, QuantizationPlan } from "../quantizer/plan.ts";

type ConvForm = Extract<LayerForm, { kind: "conv" }>;

/**
 * How a planned layer applies its weight to an input of dimensions `dims`; null for one whose form no learner knows:
 * a Conv of more than two dimensions, a transposed Gemm input.
 */
export function layerForm(layer: LayerPlan, plan: QuantizationPlan, dims: Tensor["dims"]): LayerForm | null {
  const { node, weightUse } = layer;
  const weight = plan.index.initializer(weightUse?.name ?? "");
  if (!weight) return null;
  if (node.opType !== "Conv") return intOf(node, "transA") ? null : { kind: "matmul" };
  const kernel = dimsOf(weight).slice(2);
  return kernel.length === 1 || kernel.length === 2 ? convForm(node, kernel, dims.slice(2)) : null;
}

/** A Conv of one dimension is one of height 1. */
function convForm(node: NodeProto, kernel: readonly number[], size: readonly number[]): ConvForm {
  const flat = kernel.length === 1;
  const pair = (values: readonly number[] | undefined, none: number): [number, number] =>
    flat ? [none, values?.[0] ?? none] : [values?.[0] ?? none, values?.[1] ?? none];
  const shape: ConvForm = {
    kind: "conv",
    groups: intOf(node, "group") ?? 1,
    kernel: pair(kernel, 1),
    strides: pair(intsOf(node, "strides"), 1),
    dilations: pair(intsOf(node, "dilations"), 1),
    pads: [0, 0, 0, 0],
  };
  return { ...shape, pads: padsOf(node, shape, pair(size, 1)) };
}

/** Explicit pads, or those of `auto_pad`: SAME gives ceil(size / stride) outputs. */
function padsOf(node: NodeProto, form: ConvForm, size: readonly [number, number]): ConvForm["pads"] {
  const mode = stringOf(node, "auto_pad") ?? "NOTSET";
  if (!mode.startsWith("SAME")) {
    const pads = intsOf(node, "pads") ?? [];
    return pads.length === 2 ? [0, pads[0]!, 0, pads[1]!] : [pads[0] ?? 0, pads[1] ?? 0, pads[2] ?? 0, pads[3] ?? 0];
  }
  const [rows, columns] = ([0, 1] as const).map((at) => {
    const { strides, dilations, kernel } = form;
    const outputs = Math.ceil(size[at] / strides[at]);
    const total = Math.max(0, (outputs - 1) * strides[at] + dilations[at] * (kernel[at] - 1) + 1 - size[at]);
    const less = Math.floor(total / 2);
    return mode === "SAME_UPPER" ? [less, total - less] : [total - less, less];
  });
  return [rows![0]!, columns![0]!, rows![1]!, columns![1]!];
}
