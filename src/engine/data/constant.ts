import type { HeldInput } from "../model/dataset.ts";
import { InputError } from "../model/job.ts";
import type { Port, Tensor } from "../model/tensor.ts";
import { dimsText, elementCount } from "../values/dims.ts";
import { elementBytes } from "../values/elementTypes.ts";
import { memorySize } from "../values/units.ts";
import { convertElements } from "./elements.ts";

/** Sizes by the symbols of dimensions. */
export type Symbols = ReadonlyMap<string, number>;

const NONE: Symbols = new Map();

/** The most bytes that are filled with a value. */
const LARGEST = 2 ** 31;

/** A tensor filled with one value. Throws InputError where the type does not take it, or the shape is larger than 2 GiB. */
export function constantTensor({ name, type }: Port, dims: readonly number[], value: number): Tensor {
  if (type === "other") throw new InputError(`The input ${name} is no tensor of numbers and cannot be fed.`);
  const bytes = elementCount(dims) * elementBytes(type);
  if (bytes > LARGEST) {
    throw new InputError(
      `The input ${name} is ${dimsText(dims)}, ${memorySize(bytes)} to be held at ${value}, and at most ${memorySize(LARGEST)} can be; give a smaller shape, or export the model with one.`,
    );
  }
  const data = convertElements(new Float64Array(elementCount(dims)).fill(value), type, `The value of ${name}`);
  return { type, dims, data };
}

/** The tensor of an input that is held: dimensions that are open are as large as their symbols say, else 1. Throws InputError. */
export function heldTensor({ port, value }: HeldInput, symbols: Symbols = NONE): Tensor {
  const sizeOf = (dim: Port["dims"][number]) => {
    if (typeof dim === "number") return dim;
    return (dim === null ? undefined : symbols.get(dim)) ?? 1;
  };
  return constantTensor(port, port.dims.map(sizeOf), value);
}
