import { CALIBRATION, type Calibration, OBSERVATION } from "../model/calibration.ts";
import { PAST_CALIBRATIONS } from "../model/past/calibration.ts";
import type { TensorStatistics } from "../model/statistics.ts";
import { about, also, fields, into, list, type Schema, text } from "../schema/define.ts";
import { type Document, heading, headingSchema, readDocument } from "./document.ts";
import { writeCompactJson } from "./json.ts";
import { encodeStatistics, TENSOR } from "./tensorStatistics.ts";

const { model, notices } = CALIBRATION.entries;
const { equalized, smoothed, scaling, executors, preprocess, seed, wanted, observed, skipped, prints } = OBSERVATION;
/** All that a calibration has but its statistics, in the order of the file. */
const SEEN = {
  model,
  equalized,
  smoothed,
  scaling,
  executors,
  preprocess,
  seed,
  wanted,
  observed,
  skipped,
  prints,
  notices,
};
const SEEN_KEYS = Object.keys(SEEN) as (keyof typeof SEEN)[];

/** docs/schemas/calibration.schema.json is made from this. */
export const CALIBRATION_FILE = fields({
  ...headingSchema("calibration"),
  tool: about("Who wrote it, with version.", text),
  ...SEEN,
  tensors: also(list(TENSOR), (tensors, fail) => {
    const names = new Set<string>();
    tensors.forEach(([name], i) => {
      if (names.has(name)) fail("a name that no other tensor has", i, "name");
      names.add(name);
    });
  }),
});

/** Reads the file as the calibration that it holds. */
export const CALIBRATION_SCHEMA = into(
  CALIBRATION_FILE,
  ({ kind, version, tool, tensors, ...calibration }): Calibration => {
    return { ...calibration, statistics: new Map<string, TensorStatistics>(tensors) };
  },
);

const DOCUMENT = {
  kind: "calibration",
  schema: CALIBRATION_SCHEMA,
  past: PAST_CALIBRATIONS,
} as const satisfies Document<Schema>;

/**
 * The calibration cache. Equal calibrations give equal bytes; tensors
 * keep their order, one to a line. `tool` is who writes it, such as "octet 0.1.0".
 */
export function writeCalibration(calibration: Calibration, tool: string): string {
  const seen = SEEN_KEYS.flatMap((key) => (calibration[key] === undefined ? [] : [[key, calibration[key]] as const]));
  const head = { ...heading("calibration"), tool, ...Object.fromEntries(seen) };
  const lines = Object.entries(head).map(([key, value]) => `"${key}": ${writeCompactJson(value)}`);
  const tensors = [...calibration.statistics].map(([name, statistics]) => {
    return writeCompactJson({ name, ...encodeStatistics(statistics) });
  });
  return `{\n${lines.join(",\n")},\n"tensors": [\n${tensors.join(",\n")}\n]\n}\n`;
}

/** Reads what writeCalibration wrote, losing nothing. Throws InputError as readDocument does. */
export function readCalibration(text: string, fileName: string): Calibration {
  return readDocument(DOCUMENT, text, fileName);
}
