import type { Range } from "../model/range.ts";
import type { NamedRange } from "./namedRange.ts";

/**
 * TensorRT 8.6.1 (NV_TENSORRT_VERSION 8601), the last 8.x release: TensorRT 10.1 deprecated calibration. A builder
 * takes a cache only when this line carries its own version, so users of another one change the number.
 */
const HEADER = "TRT-8601-EntropyCalibration2";

/** A name that a line cannot carry: readers split it at ": " and at the end of the line. */
const UNWRITABLE = /: |[\p{Cc}\u2028\u2029]|^$|\s$/u;

/**
 * TensorRT's text calibration cache: the header, then a line a tensor with its name and, as eight hex digits, the
 * big-endian float32 of its scale max(|low|, |high|) / 127. A tensor that is all zero gets scale 1, since an engine
 * does not build with a scale of 0 (NVIDIA/TensorRT#3020). `omitted` are the names that the format cannot hold.
 */
export function writeTensorRtCache(entries: readonly NamedRange[]): {
  readonly text: string;
  readonly omitted: readonly string[];
} {
  const lines = [HEADER];
  const omitted: string[] = [];
  for (const { name, range } of entries) {
    if (UNWRITABLE.test(name)) omitted.push(name);
    else lines.push(`${name}: ${float32Hex(scaleOf(range))}`);
  }
  return { text: `${lines.join("\n")}\n`, omitted };
}

function scaleOf({ low, high }: Range): number {
  const scale = Math.fround(Math.max(Math.abs(low), Math.abs(high)) / 127);
  return scale === 0 ? 1 : scale;
}

function float32Hex(value: number): string {
  const view = new DataView(new ArrayBuffer(4));
  view.setFloat32(0, value);
  return view.getUint32(0).toString(16).padStart(8, "0");
}
