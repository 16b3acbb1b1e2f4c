import { halfLosses } from "../numerics/halfWeights.ts";
import type { TensorProto } from "../onnx/proto/onnx_pb.ts";
import { passingFloats } from "../onnx/tensor.ts";
import { deferredOf } from "../onnx/tensorBytes.ts";
import { BFLOAT, HALF_LEAST_NORMAL } from "../values/halfFloats.ts";

/** What a recipe says of an input or output of which samples show nothing but values under the smallest normal float16. */
export const VANISHES = "under the smallest normal float16";

/** By what gives a constant's bytes, or by the constant. */
const losses = new WeakMap<object, ReturnType<typeof halfLosses>>();

/** What float16 loses of a constant: looked for once, however often its graph is planned. */
export function lossesOf(tensor: TensorProto): ReturnType<typeof halfLosses> {
  const key = deferredOf(tensor) ?? tensor;
  const known = losses.get(key) ?? halfLosses(passingFloats(tensor));
  losses.set(key, known);
  return known;
}

/** Whether nothing would be left of a constant in float16, or of a weight less than the bits that float16 has. */
export function vanishes(tensor: TensorProto): boolean {
  const { vanished, values, largest } = lossesOf(tensor);
  const isWeight = tensor.dims.length > 1 && values > 0;
  return (vanished > 0 && vanished === values) || (isWeight && largest > 0 && largest < HALF_LEAST_NORMAL);
}

/** Whether a finite value is infinite in bfloat16. */
export function overflowsBfloat(value: number): boolean {
  return Number.isFinite(value) && !Number.isFinite(BFLOAT.widen(BFLOAT.narrow(value)));
}

const overflows = new WeakMap<object, boolean>();

/** Whether a constant holds such a value. */
export function holdsOverflow(tensor: TensorProto): boolean {
  const key = deferredOf(tensor) ?? tensor;
  const known = overflows.get(key) ?? passingFloats(tensor).some(overflowsBfloat);
  overflows.set(key, known);
  return known;
}
