import type { Tensor } from "../model/tensor.ts";
import { channelLayout, forEachRun } from "./channels.ts";

interface Extremes {
  readonly min: Float64Array;
  readonly max: Float64Array;
}

/** The least and largest value of each channel of a float32 tensor along `axis`, and of those `known`; NaN is passed over. */
export function channelExtremes(tensor: Tensor, axis: number, known?: Extremes): Extremes {
  const layout = channelLayout(tensor.dims, axis);
  const min = known ? known.min.slice() : new Float64Array(layout.channels).fill(Infinity);
  const max = known ? known.max.slice() : new Float64Array(layout.channels).fill(-Infinity);
  const values = tensor.data as Float32Array;
  forEachRun(layout, (channel, start, end) => {
    let [low, high] = [min[channel] as number, max[channel] as number];
    for (let i = start; i < end; i++) {
      const value = values[i] as number;
      if (value < low) low = value;
      if (value > high) high = value;
    }
    min[channel] = low;
    max[channel] = high;
  });
  return { min, max };
}
