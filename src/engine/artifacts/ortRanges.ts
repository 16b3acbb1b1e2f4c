import { writeJson } from "./json.ts";
import type { NamedRange } from "./namedRange.ts";

/**
 * Ranges as the JSON that ONNX Runtime 1.30's `quantize_static(calibration_cache_path=...)` loads: TensorsData.to_dict()
 * in onnxruntime/quantization/calibrate.py. The method is MinMax, quantize_static's default, because it takes ranges
 * as they are; a file that says another must be loaded with that `calibrate_method`. Bounds are rounded to float32,
 * the only type TensorData takes.
 */
export function writeOrtRanges(entries: readonly NamedRange[]): string {
  const data = entries.map(({ name, range }) => [
    name,
    { lowest: array(range.low), highest: array(range.high), CLS: "TensorData" },
  ]);
  return writeJson({
    CLS: "TensorsData",
    data: Object.fromEntries(data),
    calibration_method: { CLS: "CalibrationMethod", value: "CalibrationMethod.MinMax" },
    smooth_quant: false,
  });
}

function array(value: number) {
  return { data: [Math.fround(value)], dtype: "float32", CLS: "numpy.array" };
}
