import type { LayerForm } from "../model/rounding.ts";
import type { Tensor } from "../model/tensor.ts";
import { intOf, intsOf, stringOf } from "../onnx/attributes.ts";
import type { NodeProto } from "../onnx/proto/onnx_pb.ts";
import { elementCount } from "../values/dims.ts";
import type { ChannelJoins, Operator } from "./operator.ts";

type ConvForm = Extract<LayerForm, { kind: "conv" }>;

/** Weights [outputs, inputs of a group, ...kernel]. */
export const CONV: Operator = {
  kind: "weighted",
  factors: "second",
  channelAxis: () => 0,
  outputAxis: 1,
  bias: "own",
  addsBias: () => true,
  /** Kernels work on NHWC data, so input channels are innermost; the one for groups of one input and one output adds single products. */
  reduction(node, [outputs = 1, inputs = 1, ...kernel]) {
    const positions = elementCount(kernel);
    const depthwise = inputs === 1 && outputs > 1 && outputs === intOf(node, "group");
    return {
      length: inputs * positions,
      inner: inputs,
      channelStride: inputs * positions,
      innerStride: positions,
      outerStride: 1,
      paired: !depthwise,
    };
  },
  channels: (_, [outputs = 1]) => outputs,
  channelOf(_, [, ...rest]) {
    const each = elementCount(rest);
    return (element) => Math.floor(element / each);
  },
  joins,
  pads(node) {
    const automatic = stringOf(node, "auto_pad") ?? "NOTSET";
    return automatic.startsWith("SAME") || (intsOf(node, "pads") ?? []).some((pad) => pad !== 0);
  },
  form(node, [, , ...kernel], input) {
    return kernel.length === 1 || kernel.length === 2 ? convForm(node, kernel, input.slice(2)) : null;
  },
};

/** Weights [inputs, outputs of a group, ...kernel]. */
export const CONV_TRANSPOSE: Operator = {
  kind: "weighted",
  factors: "second",
  channelAxis: () => 1,
  outputAxis: 1,
  bias: "own",
  addsBias: () => true,
  reduction: () => null,
  channels: (node, [, outputs = 1]) => outputs * (intOf(node, "group") ?? 1),
  channelOf(node, [inputs = 1, outputs = 1, ...kernel]) {
    const groups = intOf(node, "group") ?? 1;
    const each = elementCount(kernel);
    return (element) => {
      const group = Math.floor(element / (each * outputs) / (inputs / groups));
      return group * outputs + (Math.floor(element / each) % outputs);
    };
  },
};

function joins(node: NodeProto, [outputs = 1, inputs = 1, ...rest]: readonly number[]): ChannelJoins {
  const groups = intOf(node, "group") ?? 1;
  const kernel = elementCount(rest);
  const perGroup = outputs / groups;
  return {
    outputs,
    inputs: inputs * groups,
    forEachRun(visit) {
      for (let output = 0; output < outputs; output++) {
        const group = Math.floor(output / perGroup);
        for (let i = 0; i < inputs; i++) {
          visit(output, group * inputs + i, (output * inputs + i) * kernel, kernel);
        }
      }
    },
  };
}

/** A Conv of one dimension is one of height 1. */
function convForm(node: NodeProto, kernel: readonly number[], size: Tensor["dims"]): ConvForm {
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
