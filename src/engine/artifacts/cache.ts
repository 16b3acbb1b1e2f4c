import type { Calibration } from "../model/calibration.ts";
import type { TensorStatistics } from "../model/statistics.ts";
import { heading, openDocument } from "./document.ts";
import { readExecutors } from "./executors.ts";
import type { Field, ParsePreprocess } from "./field.ts";
import { writeCompactJson } from "./json.ts";
import { decodeStatistics, encodeStatistics } from "./tensorStatistics.ts";

const TENSOR_FIELDS = [
  ...["name", "finite", "zeros", "nan", "positiveInfinity", "negativeInfinity", "min", "max", "samples", "octaves"],
];

/**
 * The calibration cache, version 1: docs/schemas/calibration.schema.json. Equal calibrations give equal bytes; tensors
 * keep their order, one to a line. `tool` is who writes it, such as "octet 0.1.0".
 */
export function writeCalibration(calibration: Calibration, tool: string): string {
  const { model, equalized, executors, preprocess, wanted, observed, skipped, notices } = calibration;
  const head = {
    ...heading("calibration"),
    tool,
    model,
    equalized,
    executors,
    preprocess,
    wanted,
    observed,
    skipped,
    notices,
  };
  const lines = Object.entries(head).map(([key, value]) => `"${key}": ${writeCompactJson(value)}`);
  const tensors = [...calibration.statistics].map(([name, statistics]) => {
    return writeCompactJson({ name, ...encodeStatistics(statistics) });
  });
  return `{\n${lines.join(",\n")},\n"tensors": [\n${tensors.join(",\n")}\n]\n}\n`;
}

/**
 * Reads what writeCalibration wrote, losing nothing.
 * Throws InputError when the text is cut off, no calibration, of another version, or a field is wrong.
 */
export function readCalibration(text: string, fileName: string, parsePreprocess: ParsePreprocess): Calibration {
  const root = openDocument(text, fileName, "calibration").only(
    ...[
      "kind",
      "version",
      "tool",
      "model",
      "equalized",
      "executors",
      "preprocess",
      "wanted",
      "observed",
      "skipped",
      "notices",
      "tensors",
    ],
  );
  root.at("tool").string();
  const model = root.at("model").only("name", "sha256");
  return {
    model: { name: model.at("name").string(), sha256: model.at("sha256").string() },
    equalized: root.at("equalized").boolean(),
    statistics: readStatistics(root.at("tensors")),
    observed: root.at("observed").ascending(),
    skipped: root.at("skipped").ascending(),
    wanted: root.at("wanted").integer(0),
    preprocess: root.at("preprocess").nullable((field) => parsePreprocess(field.value, field.place)),
    executors: readExecutors(root.at("executors")),
    notices: root.at("notices").list((notice) => ({
      kind: notice.at("kind").oneOf(["warning", "info"]),
      subject: notice.at("subject").string(),
      message: notice.at("message").string(),
    })),
  };
}

function readStatistics(tensors: Field): Map<string, TensorStatistics> {
  const statistics = new Map<string, TensorStatistics>();
  tensors.list((tensor) => {
    const name = tensor
      .only(...TENSOR_FIELDS)
      .at("name")
      .string();
    if (statistics.has(name)) tensor.at("name").fail("a name that no other tensor has");
    statistics.set(name, decodeStatistics(tensor));
  });
  return statistics;
}
