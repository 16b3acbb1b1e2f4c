import type { ActivationScheme, Range } from "../../model/range.ts";
import { affineParameters } from "../affine.ts";
import { dequantize, quantize } from "../quantize.ts";

export const UINT8 = { type: "uint8", symmetric: false } as const;
export const INT8_SYMMETRIC = { type: "int8", symmetric: true } as const;
export const SCHEMES: readonly ActivationScheme[] = [
  UINT8,
  INT8_SYMMETRIC,
  { type: "int8", symmetric: false },
  { type: "uint8", symmetric: true },
];

export interface Measured {
  readonly mse: number;
  readonly cosine: number;
}

/** What quantizing these very values with a range does. */
export function measure(values: Float32Array, scheme: ActivationScheme, range: Range): Measured {
  const parameters = affineParameters(range, scheme);
  const codes = scheme.type === "uint8" ? quantize(values, parameters, "uint8") : quantize(values, parameters, "int8");
  const restored = dequantize(codes, parameters);
  let [squaredError, energy, restoredEnergy, product] = [0, 0, 0, 0];
  values.forEach((x, i) => {
    const r = restored[i] as number;
    squaredError += (x - r) ** 2;
    energy += x * x;
    restoredEnergy += r * r;
    product += x * r;
  });
  return { mse: squaredError / values.length, cosine: product / Math.sqrt(energy * restoredEnergy) };
}
