import type { LayerForm } from "../model/rounding.ts";
import type { Tensor } from "../model/tensor.ts";
import { elementCount } from "../values/dims.ts";

type ConvForm = Extract<LayerForm, { kind: "conv" }>;

/** Where a layer is applied to an input: how often, and how to gather what is multiplied there. */
export interface PatchPlan {
  /** Positions at which the layer gives one output of every channel. */
  readonly count: number;
  /**
   * The input at some of the positions as a matrix (im2col): row-major [groups, positions, inputs], in the order in which
   * a row of the weight multiplies it.
   */
  gather(input: Float32Array, positions: Int32Array): Float32Array;
}

/**
 * How a layer reads an input of dimensions `dims`: a Conv's are [batch, channels, height, width] or, of one dimension,
 * [batch, channels, width]. `inputs` are the weights of one output channel.
 */
export function patchPlan(form: LayerForm, dims: Tensor["dims"], inputs: number): PatchPlan {
  return form.kind === "matmul" ? rowPlan(dims, inputs) : convPlan(form, dims);
}

function rowPlan(dims: Tensor["dims"], inputs: number): PatchPlan {
  return {
    count: elementCount(dims) / inputs,
    gather(input, positions) {
      const rows = new Float32Array(positions.length * inputs);
      positions.forEach((position, row) => {
        rows.set(input.subarray(position * inputs, (position + 1) * inputs), row * inputs);
      });
      return rows;
    },
  };
}

function convPlan({ groups, kernel, strides, dilations, pads }: ConvForm, dims: Tensor["dims"]): PatchPlan {
  const [batch = 1, channels = 1, ...size] = dims;
  const [height = 1, width = 1] = size.length === 1 ? [1, ...size] : size;
  const outputs = (length: number, at: 0 | 1) =>
    Math.floor((length + pads[at] + pads[at + 2]! - dilations[at] * (kernel[at] - 1) - 1) / strides[at]) + 1;
  const [rows, columns] = [outputs(height, 0), outputs(width, 1)];
  const perGroup = channels / groups;
  const area = kernel[0] * kernel[1];
  const inputs = perGroup * area;
  return {
    count: batch * rows * columns,
    gather(input, positions) {
      const patches = new Float32Array(groups * positions.length * inputs);
      positions.forEach((position, index) => {
        const sample = Math.floor(position / (rows * columns));
        const top = (Math.floor(position / columns) % rows) * strides[0] - pads[0];
        const left = (position % columns) * strides[1] - pads[1];
        for (let channel = 0; channel < channels; channel++) {
          const plane = (sample * channels + channel) * height;
          const group = Math.floor(channel / perGroup);
          const start = (group * positions.length + index) * inputs + (channel % perGroup) * area;
          for (let i = 0; i < kernel[0]; i++) {
            const y = top + i * dilations[0];
            if (y < 0 || y >= height) continue;
            for (let j = 0; j < kernel[1]; j++) {
              const x = left + j * dilations[1];
              if (x >= 0 && x < width) patches[start + i * kernel[1] + j] = input[(plane + y) * width + x]!;
            }
          }
        }
      });
      return patches;
    },
  };
}
