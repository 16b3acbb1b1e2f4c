import type { Layer } from "../../engine/model/summary.ts";

export type Precision = Layer["precision"];

const LETTERS: Record<Precision, string> = {
  int8: "8",
  uint8: "8",
  int4: "4",
  uint4: "4",
  int2: "2",
  uint2: "2",
  int16: "16",
  nf4: "4",
  codebook16: "C",
  codebook256: "C",
  float8: "F8",
  float16: "H",
  bfloat16: "B",
  float32: "F",
};
const NAMES: Record<Precision, string> = {
  int8: "int8",
  uint8: "uint8",
  nf4: "nf4",
  codebook16: "codebook of 16",
  codebook256: "codebook of 256",
  float8: "float8",
  int4: "int4",
  uint4: "uint4",
  int2: "int2",
  uint2: "uint2",
  int16: "int16",
  float16: "float16",
  bfloat16: "bfloat16",
  float32: "float",
};

export function precisionName(precision: Precision): string {
  return NAMES[precision];
}

export function precisionLetter(precision: Precision): string {
  return LETTERS[precision];
}

/** The mark of a precision: its letter in its own hue, the same everywhere. */
export function PrecisionMark({ precision }: { readonly precision: Precision }) {
  return (
    <span className={`precision ${precision}`} role="img" aria-label={NAMES[precision]}>
      {LETTERS[precision]}
    </span>
  );
}
