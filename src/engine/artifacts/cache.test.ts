import { readFileSync } from "node:fs";
import Ajv2020 from "ajv/dist/2020.js";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Calibration } from "../model/calibration.ts";
import { InputError } from "../model/job.ts";
import { Observer } from "../numerics/observer.ts";
import { readCalibration, writeCalibration } from "./cache.ts";
import * as arbitrary from "./testing/arbitrary.ts";

const TOOL = "octet 0.1.0";
const write = (calibration: Calibration) => writeCalibration(calibration, TOOL);
const read = (text: string) => readCalibration(text, "net.calibration.json");

function observed(samples: number, valuesEach: number): Calibration {
  const observer = new Observer();
  let state = 1;
  for (let sample = 0; sample < samples; sample++) {
    const values = Float32Array.from({ length: valuesEach }, () => {
      state = (state * 48271) % 2147483647;
      return Math.max(0, Math.sin(state) * 3);
    });
    observer.observe(values, sample);
  }
  return {
    model: { name: "net", sha256: "00" },
    equalized: false,
    statistics: new Map([["relu", observer.statistics()]]),
    observed: Array.from({ length: samples }, (_, i) => i),
    skipped: [],
    wanted: samples,
    preprocess: null,
    seed: 0,
    prints: null,
    executors: [{ runtime: "onnxruntime-node 1.30.0", provider: "cpu", workers: 2, threads: 1, batch: 1, samples: 2 }],
    notices: [],
  };
}

describe("the calibration cache", () => {
  test("gives back what it was given, to the last count and float32", () => {
    fc.assert(
      fc.property(arbitrary.calibration, (calibration) => {
        const copy = read(write(calibration));
        expect(copy).toEqual(calibration);
        expect([...copy.statistics.keys()]).toEqual([...calibration.statistics.keys()]);
        expect(write(copy)).toBe(write(calibration));
      }),
      { numRuns: 40 },
    );
  });

  test("conforms to the published schema", () => {
    const ajv = new Ajv2020({ allowUnionTypes: true });
    ajv.addSchema(schema("recipe"));
    const validate = ajv.compile(schema("calibration"));
    fc.assert(
      fc.property(arbitrary.calibration, (calibration) => {
        validate(JSON.parse(write(calibration)));
        expect(validate.errors).toBeNull();
      }),
    );
  });

  test("spends about four characters on a bin in use, and ten on an extreme", () => {
    const calibration = observed(200, 2000);
    const bins = calibration.statistics.get("relu")?.octaves.reduce((sum, { counts }) => sum + counts.length, 0) ?? 0;
    expect(write(calibration).length).toBeLessThan(bins * 4 + 200 * 2 * 11 + 2000);
  });

  test("keeps a tensor of which no finite value was seen", () => {
    const observer = new Observer();
    observer.observe(Float32Array.of(NaN, Infinity), 0);
    const calibration = { ...observed(1, 1), statistics: new Map([["bad", observer.statistics()]]) };
    const copy = read(write(calibration)).statistics.get("bad");
    expect(copy).toMatchObject({ finite: 0, nan: 1, positiveInfinity: 1, min: Infinity, max: -Infinity });
  });

  test("is refused wherever it is cut off", () => {
    const text = write(observed(3, 5));
    for (let length = 0; length < text.trimEnd().length; length += 7) {
      expect(() => read(text.slice(0, length))).toThrow(/^net\.calibration\.json is (empty|not complete JSON)/);
    }
  });
});

describe("a cache that was tampered with is refused by the name of the field", () => {
  const damage = (change: (document: Record<string, unknown>) => unknown) => {
    const document = JSON.parse(write(observed(3, 5)));
    change(document);
    return () => read(JSON.stringify(document));
  };
  const tensor = (change: (tensor: Record<string, unknown>) => unknown) =>
    damage((document) => change((document.tensors as Record<string, unknown>[])[0] as Record<string, unknown>));

  test.each<[string, () => unknown, string]>([
    [
      "a version to come",
      damage((d) => (d.version = 2)),
      "is a calibration of version 2 and this Octet reads version 1",
    ],
    ["no version", damage((d) => delete d.version), '"version" is missing'],
    ["a recipe", damage((d) => (d.kind = "octet-recipe")), "is an Octet recipe, not a calibration"],
    ["something else", damage((d) => (d.kind = "other")), "neither an Octet recipe nor a calibration"],
    [
      "threads",
      damage((d) => Object.assign((d.executors as object[])[0] as object, { threads: 0 })),
      '"executors[0].threads" is 0',
    ],
    ["order", damage((d) => (d.observed = [0, 2, 1])), '"observed" is [0,2,1]; it must be a list of rising'],
    ["preprocess", damage((d) => (d.preprocess = { crop: 0 })), '"preprocess": "resize" is missing'],
    ["total", tensor((t) => (t.finite = 1)), '"tensors[0].finite" is 1; it must be 15'],
    ["extreme", tensor((t) => (t.min = "low")), '"tensors[0].min" is "low"'],
    ["a lower extreme", tensor((t) => (t.min = -1000)), '"tensors[0].min" is -1000; it must be '],
    ["a fall", tensor((t) => (t.max = -2000)), '"tensors[0].max" is -2000; it must be '],
    ["no extreme", tensor((t) => (t.max = "-Infinity")), '"tensors[0].max" is "-Infinity"; it must be '],
    [
      "the fall of a sample",
      tensor((t) => ((t.samples as { max: number[] }).max[0] = -2000)),
      '"tensors[0].samples.max" is [-2000',
    ],
    ["nan", tensor((t) => delete t.nan), '"tensors[0].nan" is missing'],
    ["samples", tensor((t) => (t.samples = { index: [0, 3], min: [0, 0, 0], max: [1] })), '"tensors[0].samples.max"'],
    ["spans", tensor((t) => (t.samples = { index: [0, 1e15], min: [], max: [] })), '"tensors[0].samples.index"'],
    [
      "bins",
      tensor((t) => (t.octaves = [{ negative: false, exponent: 127, bits: 2, counts: [-9e15] }])),
      '"tensors[0].octaves[0].counts" is [-9000000000000000]; it must be counts of 4 bins',
    ],
    [
      "bits",
      tensor((t) => (t.octaves = [{ negative: false, exponent: 127, bits: 30, counts: [] }])),
      '"tensors[0].octaves[0].bits" is 30; it must be a whole number, 0 to 12',
    ],
    [
      "a twin",
      damage((d) => (d.tensors as unknown[]).push((d.tensors as unknown[])[0])),
      '"tensors[1].name" is "relu"',
    ],
    ["a stranger", tensor((t) => (t.mean = 1)), '"mean" is no field of "tensors[0]"'],
  ])("%s", (_, reading, message) => {
    expect(reading).toThrow(InputError);
    expect(reading).toThrow(message);
    expect(reading).toThrow(/^net\.calibration\.json/);
  });
});

function schema(name: string): object {
  return JSON.parse(readFileSync(new URL(`../../../docs/schemas/${name}.schema.json`, import.meta.url), "utf8"));
}
