import fc from "fast-check";
import { expect, test } from "vitest";
import { writeTensorRtCache } from "./tensorrt.ts";
import { tensorName } from "./testing/arbitrary.ts";

/** As TensorRT's users read it: the name ends at the last ": ". */
function readCache(text: string): Map<string, number> {
  const [header, ...lines] = text.trimEnd().split("\n");
  expect(header).toMatch(/^TRT-\d+-EntropyCalibration2$/);
  return new Map(
    lines.map((line) => {
      const [, name, hex] = line.match(/^(.+): ([0-9a-f]{8})$/) ?? [];
      const view = new DataView(new ArrayBuffer(4));
      view.setUint32(0, Number.parseInt(hex as string, 16));
      return [name as string, view.getFloat32(0)];
    }),
  );
}

const one = (low: number, high: number) => writeTensorRtCache([{ name: "x", range: { low, high } }]).text;

test("writes the scale of a range as TensorRT does", () => {
  expect(one(-1, 1)).toBe("TRT-8601-EntropyCalibration2\nx: 3c010204\n");
  const entropyThresholdOfUnitInput = 2048.5 / 2048;
  expect(one(0, entropyThresholdOfUnitInput)).toContain("x: 3c010a14\n");
});

test("takes the larger bound, on either side", () => {
  expect(one(-10, 2)).toBe(one(0, 10));
  expect(one(-10, 2)).not.toBe(one(0, 2));
});

test("keeps leading zeros", () => {
  expect(one(0, 127 * 2 ** -120)).toContain("x: 03800000\n");
  expect(one(0, 127 * 2 ** -149)).toContain("x: 00000001\n");
});

test("gives a tensor that is all zero a scale an engine can build with", () => {
  expect(one(0, 0)).toContain("x: 3f800000\n");
});

test("every writable name keeps its scale, the others are reported", () => {
  const bound = fc.float({ min: 2 ** -140, max: 2 ** 127, noNaN: true });
  const entries = fc.uniqueArray(fc.record({ name: tensorName, low: bound, high: bound }), {
    selector: ({ name }) => name,
  });
  fc.assert(
    fc.property(entries, (list) => {
      const { text, omitted } = writeTensorRtCache(
        list.map(({ name, low, high }) => ({ name, range: { low: -low, high } })),
      );
      const cache = readCache(text);
      for (const { name, low, high } of list) {
        if (omitted.includes(name)) expect(cache.has(name)).toBe(false);
        else expect(cache.get(name)).toBe(Math.fround(Math.max(low, high) / 127));
      }
      expect(cache.size + omitted.length).toBe(list.length);
    }),
  );
});

test("TensorFlow's names with a colon are written, names that would break a line are not", () => {
  const range = { low: 0, high: 1 };
  const entries = ["input_1:0", "a: b", "a\nb", "", "a "].map((name) => ({ name, range }));
  const { text, omitted } = writeTensorRtCache(entries);
  expect(text).toContain("\ninput_1:0: 3c010204\n");
  expect(omitted).toEqual(["a: b", "a\nb", "", "a "]);
});
