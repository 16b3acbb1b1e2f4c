import { InputError } from "../model/job.ts";
import { arrayOf, type DataType, elementBytes, integerLimits, type TensorData } from "../values/elementTypes.ts";
import { roundHalfEven } from "../values/round.ts";

/** The value of a float16 by its bits. */
export function widenHalf(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1024 + fraction) * 2 ** (exponent - 25);
}

/** The bits of the nearest float16, ties to even, as IEEE 754 has it. */
function narrowHalf(value: number): number {
  if (Number.isNaN(value)) return 0x7e00;
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  const size = Math.abs(value);
  if (size >= 65520) return sign | 0x7c00;
  let exponent = Math.max(-14, Math.floor(Math.log2(size)));
  if (size < 2 ** exponent && exponent > -14) exponent--;
  // A fraction that rounds up to 2 carries into the exponent, and the least exponent has no implied 1.
  return sign | ((exponent + 14) * 1024 + roundHalfEven(size * 2 ** (10 - exponent)));
}

/** The elements that `bytes` hold, as an array of their own; float16 is widened to float32, which is exact. */
export function decodeElements(bytes: Uint8Array, type: DataType, littleEndian: boolean): TensorData {
  const copy = bytes.slice();
  const width = elementBytes(type);
  if (!littleEndian && width > 1) {
    for (let i = 0; i < copy.length; i += width) copy.subarray(i, i + width).reverse();
  }
  const elements = new (arrayOf(type))(copy.buffer);
  return type === "float16" ? Float32Array.from(elements as Uint16Array, widenHalf) : elements;
}

/**
 * Values, float16 widened, as an array of the type a model takes. To float they are rounded; to an integer type they must be integers
 * within its range, else InputError naming `source`.
 */
export function convertElements(values: TensorData, type: DataType, source: string): TensorData {
  if (type === "float16") return Uint16Array.from(values as Iterable<number>, (value) => narrowHalf(Number(value)));
  const Target = arrayOf(type);
  if (values instanceof Target && type !== "bool") return values;
  if (type === "float32") return Float32Array.from(values as Iterable<number>, Number);
  if (type === "float64") return Float64Array.from(values as Iterable<number>, Number);
  const [low, high] = integerLimits(type);
  const big = type === "int64" || type === "uint64";
  const out = new Target(new ArrayBuffer(values.length * elementBytes(type)));
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    const number = Number(value);
    if (!(value >= low && value <= high && Number.isInteger(number))) {
      throw new InputError(`${source} holds ${value}, but the model's input takes ${type}; give it integers in range.`);
    }
    out[i] = big ? BigInt(value) : number;
  }
  return out;
}
