import { expect, test } from "vitest";
import { needsShared, readShared } from "../testing/shared.ts";
import { writeOrtRanges } from "./ortRanges.ts";

test("is the file that ONNX Runtime writes for the same ranges", needsShared, () => {
  const sample = readShared("golden/cache_sample/minmax/calibration.json");
  const theirs = JSON.parse(new TextDecoder().decode(sample));
  const entries = Object.entries<{ lowest: { data: [number] }; highest: { data: [number] } }>(theirs.data);
  const ours = writeOrtRanges(
    entries.map(([name, { lowest, highest }]) => ({ name, range: { low: lowest.data[0], high: highest.data[0] } })),
  );
  expect(JSON.parse(ours)).toEqual({ ...theirs, smooth_quant: false });
});

test("rounds bounds to float32, and holds names that are special to JavaScript", () => {
  const ranges = JSON.parse(writeOrtRanges([{ name: "__proto__", range: { low: -0.1, high: 0.3 } }]));
  const { lowest, highest } = new Map<string, typeof ranges>(Object.entries(ranges.data)).get("__proto__");
  expect([lowest.data, highest.data]).toEqual([[Math.fround(-0.1)], [Math.fround(0.3)]]);
});
