import { InputError } from "../model/job.ts";
import { copyBytes } from "../values/copyBytes.ts";
import { arrayOf, type DataType, elementBytes, integerLimits, type TensorData } from "../values/elementTypes.ts";
import { plural, count as written } from "../values/figures.ts";
import { widenHalf } from "../values/halfFloats.ts";
import { roundHalfEven } from "../values/round.ts";

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
  const copy = copyBytes(bytes);
  const width = elementBytes(type);
  if (!littleEndian && width > 1) {
    for (let i = 0; i < copy.length; i += width) copy.subarray(i, i + width).reverse();
  }
  const elements = new (arrayOf(type))(copy.buffer);
  return type === "float16" ? Float32Array.from(elements as Uint16Array, widenHalf) : elements;
}

function isSame(held: number, value: number | bigint): boolean {
  return typeof value === "bigint" ? Number.isFinite(held) && BigInt(held) === value : held === value;
}

/**
 * Values, float16 widened, as an array of the type a model takes. Fractions are rounded to a float type; integers, to a float
 * or an integer type, must be what it holds exactly, else InputError naming `source`.
 */
export function convertElements(values: TensorData, type: DataType, source: string): TensorData {
  const Target = arrayOf(type);
  if (values instanceof Target && type !== "bool" && type !== "float16") return values;
  const out = new Target(new ArrayBuffer(values.length * elementBytes(type)));
  const refuse = (value: number | bigint, wanted: string) =>
    new InputError(`${source} holds ${value}, but the model's input takes ${type}; give it ${wanted}.`);
  if (type.startsWith("float")) {
    const isWhole = !(values instanceof Float32Array || values instanceof Float64Array);
    for (let i = 0; i < values.length; i++) {
      const value = values[i]!;
      const number = Number(value);
      out[i] = type === "float16" ? narrowHalf(number) : number;
      const held = type === "float16" ? widenHalf(out[i] as number) : Number(out[i]);
      if (isWhole && !isSame(held, value)) throw refuse(value, "integers that it holds exactly, or floats");
    }
    return out;
  }
  const [low, high] = integerLimits(type as Exclude<DataType, `float${string}`>);
  const big = type === "int64" || type === "uint64";
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    const number = Number(value);
    if (!(value >= low && value <= high && Number.isInteger(number))) throw refuse(value, "integers in range");
    out[i] = big ? BigInt(value) : number;
  }
  return out;
}

/** Throws InputError naming `source` where a tensor of floats holds NaN or infinity. */
export function checkFinite(data: TensorData, type: DataType, source: string): void {
  if (!type.startsWith("float")) return;
  let nan = 0;
  let infinite = 0;
  for (const held of data) {
    const value = type === "float16" ? widenHalf(held as number) : Number(held);
    if (Number.isNaN(value)) nan++;
    else if (!Number.isFinite(value)) infinite++;
  }
  if (nan + infinite === 0) return;
  const held = [nan > 0 ? `${written(nan)} NaN` : "", infinite > 0 ? plural(infinite, "infinite value") : ""];
  throw new InputError(
    `${source} holds ${held.filter(Boolean).join(" and ")} of ${plural(data.length, "value")}; give it finite ones.`,
  );
}
