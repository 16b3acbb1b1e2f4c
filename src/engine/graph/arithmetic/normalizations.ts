import { floatOf, intOf } from "../../onnx/attributes.ts";
import { elementCount } from "../../values/dims.ts";
import { type Arithmetic, type Floats, isFloats, rounded } from "./floats.ts";

interface Moments {
  readonly mean: number;
  readonly variance: number;
}

/** (x - mean) / sqrt(variance + epsilon) * scale + shift, by channel of axis 1. */
function normalized(
  { type, dims, data }: Floats,
  epsilon: number,
  scale: Floats,
  shift: Floats,
  moments: (sample: number, channel: number) => Moments,
): Floats {
  const [samples = 1, channels = 1] = dims;
  const size = elementCount(dims.slice(2));
  const results = new Float64Array(data.length);
  for (let sample = 0; sample < samples; sample++) {
    for (let channel = 0; channel < channels; channel++) {
      const { mean, variance } = moments(sample, channel);
      const factor = (scale.data[channel] as number) / Math.sqrt(variance + epsilon);
      const start = (sample * channels + channel) * size;
      for (let i = start; i < start + size; i++) {
        results[i] = ((data[i] as number) - mean) * factor + (shift.data[channel] as number);
      }
    }
  }
  return rounded(type, dims, results);
}

/** Mean and variance of a channel over some samples. */
function momentsOf({ dims, data }: Floats, samples: readonly number[], channel: number): Moments {
  const size = elementCount(dims.slice(2));
  const starts = samples.map((sample) => (sample * (dims[1] as number) + channel) * size);
  const total = (of: (value: number) => number) => {
    let sum = 0;
    for (const start of starts) for (let i = start; i < start + size; i++) sum += of(data[i] as number);
    return sum / (size * samples.length);
  };
  const mean = total((value) => value);
  return { mean, variance: total((value) => (value - mean) * (value - mean)) };
}

/** https://onnx.ai/onnx/operators/onnx__InstanceNormalization.html */
export const INSTANCE_NORMALIZATION: Arithmetic = {
  compute: (node, [input, scale, shift]) => {
    if (!isFloats(input) || !isFloats(scale) || !isFloats(shift) || input.dims.length < 2) return null;
    const epsilon = floatOf(node, "epsilon") ?? 1e-5;
    return normalized(input, epsilon, scale, shift, (sample, channel) => momentsOf(input, [sample], channel));
  },
};

/** https://onnx.ai/onnx/operators/onnx__BatchNormalization.html, in training too, as weight standardisation uses it. */
export const BATCH_NORMALIZATION: Arithmetic = {
  compute: (node, [input, scale, shift, mean, variance]) => {
    if (!isFloats(input) || !isFloats(scale) || !isFloats(shift) || !isFloats(mean) || !isFloats(variance)) return null;
    if (input.dims.length < 2) return null;
    const epsilon = floatOf(node, "epsilon") ?? 1e-5;
    const all = Array.from({ length: input.dims[0] as number }, (_, sample) => sample);
    return normalized(input, epsilon, scale, shift, (_, channel) =>
      intOf(node, "training_mode") === 1
        ? momentsOf(input, all, channel)
        : { mean: mean.data[channel] as number, variance: variance.data[channel] as number },
    );
  },
};
