import { about, either, fields, list, nullable, number, type Of, oneOf, text } from "../schema/define.ts";
import { DATA_TYPES, type DataType, type TensorData } from "../values/elementTypes.ts";

/** A dense tensor in row-major order. float16 holds its bits in a Uint16Array, bool in a Uint8Array of 0 and 1. */
export interface Tensor {
  readonly type: DataType;
  readonly dims: readonly number[];
  readonly data: TensorData;
}

/** Tensors by graph name: what goes into a run, or comes out of it. */
export type TensorMap = ReadonlyMap<string, Tensor>;

/** A model's input or output. */
export const PORT = fields({
  name: text,
  type: oneOf([...DATA_TYPES, "other"]),
  dims: about(
    'A dimension is a number, a symbol such as "batch", or null where the file is silent.',
    list(nullable(either([text, number], 'a number, "NaN", "Infinity" or "-Infinity"'))),
  ),
});
export type Port = Of<typeof PORT> & {
  /** Of an input whose shape the file does not say, not even how many dimensions it has: `dims` is then empty. No document has it. */
  readonly unshaped?: true;
};
