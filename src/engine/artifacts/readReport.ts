import { METHODS } from "../model/range.ts";
import type { RangeReport, Report, WeightReport } from "../model/report.ts";
import { openDocument } from "./document.ts";
import { readExecutors } from "./executors.ts";
import type { Field, ParsePreprocess } from "./field.ts";
import { readEvaluation, readNotice } from "./readReportEvaluation.ts";
import { readModel } from "./readReportModel.ts";
import { readTuning } from "./readReportTuning.ts";
import { recipeFields } from "./recipe.ts";

const FIELDS = [
  ...["kind", "version", "tool", "date", "model", "recipe", "calibration", "ranges", "weights", "evaluation"],
  ...["tuning", "files", "notices"],
];
const CALIBRATION_FIELDS = ["equalized", "observed", "skipped", "wanted", "preprocess", "executors"];

/**
 * Reads what writeReport wrote, losing nothing.
 * Throws InputError when the text is cut off, no report, of another version, or a field is wrong or unknown.
 */
export function readReport(text: string, fileName: string, parsePreprocess: ParsePreprocess): Report {
  const root = openDocument(text, fileName, "report").only(...FIELDS);
  const tool = root.at("tool").only("name", "version");
  return {
    tool: { name: tool.at("name").string(), version: tool.at("version").string() },
    date: readDate(root.at("date")),
    model: readModel(root.at("model")),
    recipe: readOwnRecipe(root.at("recipe"), parsePreprocess),
    calibration: readObservation(root.at("calibration"), parsePreprocess),
    ranges: readRanges(root.at("ranges")),
    weights: root.at("weights").list(readWeight),
    evaluation: root.at("evaluation").nullable(readEvaluation),
    tuning: root.at("tuning").nullable((tuning) => readTuning(tuning, parsePreprocess)),
    files: root.at("files").list((file) => {
      file.only("name", "bytes");
      return { name: file.at("name").string(), bytes: file.at("bytes").integer(0) };
    }),
    notices: root.at("notices").list(readNotice),
  };
}

function readDate(field: Field): string {
  const date = field.string();
  return Number.isNaN(Date.parse(date)) ? field.fail("a date as ISO 8601 writes it") : date;
}

function readOwnRecipe(field: Field, parsePreprocess: ParsePreprocess): Report["recipe"] {
  field.at("version").integer(1, 1);
  return recipeFields(field, parsePreprocess);
}

function readObservation(field: Field, parsePreprocess: ParsePreprocess): Report["calibration"] {
  field.only(...CALIBRATION_FIELDS);
  return {
    equalized: field.at("equalized").boolean(),
    observed: field.at("observed").ascending(),
    skipped: field.at("skipped").ascending(),
    wanted: field.at("wanted").integer(0),
    preprocess: field.at("preprocess").nullable((value) => parsePreprocess(value.value, value.place)),
    executors: readExecutors(field.at("executors")),
  };
}

function readRange(field: Field): RangeReport {
  field.only("group", "members", "seen", "histogram", "chosen");
  const seen = field.at("seen").only("finite", "zeros", "nonFinite", "min", "max", "samples");
  const histogram = field.at("histogram").only("window", "counts");
  const chosen = field.at("chosen").only("source", "figures");
  const figures = chosen.at("figures").only("range", "scale", "zeroPoint", "clipped", "mse", "sqnr", "effectiveBits");
  return {
    group: field.at("group").string(),
    members: field.at("members").list((member) => member.string()),
    seen: {
      finite: seen.at("finite").integer(0),
      zeros: seen.at("zeros").integer(0),
      nonFinite: seen.at("nonFinite").integer(0),
      min: seen.at("min").number(),
      max: seen.at("max").number(),
      samples: seen.at("samples").integer(0),
    },
    histogram: {
      window: readInterval(histogram.at("window")),
      counts: histogram.at("counts").list((value) => value.number()),
    },
    chosen: {
      source: chosen.at("source").oneOf([...METHODS, "hand", "fixed"]),
      figures: {
        range: readInterval(figures.at("range")),
        scale: figures.at("scale").number(),
        zeroPoint: figures.at("zeroPoint").number(),
        clipped: figures.at("clipped").number(),
        mse: figures.at("mse").number(),
        sqnr: figures.at("sqnr").number(),
        effectiveBits: figures.at("effectiveBits").number(),
      },
    },
  };
}

function readInterval(field: Field): { readonly low: number; readonly high: number } {
  field.only("low", "high");
  return { low: field.at("low").number(), high: field.at("high").number() };
}

function readWeight(field: Field): WeightReport {
  field.only("name", "dims", "axis", "sqnr", "leastSqnr");
  return {
    name: field.at("name").string(),
    dims: field.at("dims").integers(0),
    axis: field.at("axis").nullable((axis) => axis.integer(0)),
    sqnr: field.at("sqnr").number(),
    leastSqnr: field.at("leastSqnr").number(),
  };
}

/** Ranges, each of a group of its own. */
function readRanges(field: Field): RangeReport[] {
  const groups = new Set<string>();
  return field.list((item) => {
    const range = readRange(item);
    if (groups.has(range.group)) item.at("group").fail("a group that no other range has");
    groups.add(range.group);
    return range;
  });
}
