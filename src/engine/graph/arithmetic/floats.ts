import type { Tensor } from "../../model/tensor.ts";
import type { NodeProto } from "../../onnx/proto/onnx_pb.ts";
import { arrayOf } from "../../values/elementTypes.ts";

/** float32 or float64 numbers of a shape. */
export interface Floats {
  readonly type: "float32" | "float64";
  readonly dims: readonly number[];
  readonly data: Float32Array | Float64Array;
}

/** What a node reads, in the order of its inputs; null where one is left out. */
export type Inputs = readonly (Tensor | null)[];

/** An operator computed by ourselves. */
export interface Arithmetic {
  /** The first output; null for what it does not do (other types, attributes or values). */
  readonly compute: (node: NodeProto, inputs: Inputs) => Floats | null;
  /** How many multiplications and additions that takes, where it is more than the elements read and made. */
  readonly work?: (node: NodeProto, inputs: Inputs) => number;
}

export function isFloats(tensor: Tensor | null | undefined): tensor is Floats {
  return tensor?.type === "float32" || tensor?.type === "float64";
}

/** Numbers of a type, as nearest to float64 results. */
export function rounded(type: Floats["type"], dims: readonly number[], values: Float64Array): Floats {
  return { type, dims, data: type === "float64" ? values : new (arrayOf(type) as Float32ArrayConstructor)(values) };
}

/** The distance between elements along each axis of a shape. */
export function stridesOf(dims: readonly number[]): number[] {
  const strides = new Array<number>(dims.length).fill(1);
  for (let axis = dims.length - 2; axis >= 0; axis--) {
    strides[axis] = (strides[axis + 1] as number) * (dims[axis + 1] as number);
  }
  return strides;
}

/**
 * Visits each place of a shape in order, with the place in each of several tensors whose strides along its axes are given; the
 * array of places is the same at every visit.
 */
export function walk(
  dims: readonly number[],
  strides: readonly (readonly number[])[],
  visit: (places: readonly number[]) => void,
): void {
  if (dims.includes(0)) return;
  const index = new Array<number>(dims.length).fill(0);
  const places = new Array<number>(strides.length).fill(0);
  for (;;) {
    visit(places);
    let axis = dims.length - 1;
    for (; axis >= 0; axis--) {
      index[axis] = (index[axis] as number) + 1;
      for (let i = 0; i < places.length; i++) places[i] = (places[i] as number) + (strides[i]?.[axis] as number);
      if ((index[axis] as number) < (dims[axis] as number)) break;
      for (let i = 0; i < places.length; i++) {
        places[i] = (places[i] as number) - (strides[i]?.[axis] as number) * (dims[axis] as number);
      }
      index[axis] = 0;
    }
    if (axis < 0) return;
  }
}
