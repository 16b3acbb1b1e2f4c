import type { LayerWeight } from "../model/rounding.ts";
import { clamp } from "../values/clamp.ts";
import { roundHalfEven } from "../values/round.ts";

/** What rounding can make of each weight, row-major [channels, inputs]. */
export interface Choices {
  /** The error of the weight when it is rounded down, and what rounding up adds to it: 0 where both give one code. */
  readonly down: Float32Array;
  readonly step: Float32Array;
  /** How far the weight is from its lower code towards the upper one, from 0 to 1. */
  readonly fraction: Float32Array;
  /** 1 where rounding to nearest, half to even, rounds up. */
  readonly nearest: Uint8Array;
}

/** The codes are clamp(floor(w / scale) + up), with w / scale in float32. */
export function choicesOf({ weight, scales, inputs, limits }: LayerWeight): Choices {
  const [lowest, highest] = limits;
  const down = new Float32Array(weight.length);
  const step = new Float32Array(weight.length);
  const fraction = new Float32Array(weight.length);
  const nearest = new Uint8Array(weight.length);
  for (let i = 0; i < weight.length; i++) {
    const scale = scales[Math.floor(i / inputs)]!;
    const position = Math.fround(weight[i]! / scale);
    const floor = Math.floor(position);
    const below = clamp(floor, lowest, highest);
    down[i] = below * scale - weight[i]!;
    step[i] = (clamp(floor + 1, lowest, highest) - below) * scale;
    fraction[i] = position - floor;
    nearest[i] = roundHalfEven(position) > floor ? 1 : 0;
  }
  return { down, step, fraction, nearest };
}
