import type { Recipe } from "../model/recipe.ts";
import type { TuningRecord } from "../model/report.ts";
import type { Decision, TuneLimit } from "../model/tuning.ts";
import type { Field, ParsePreprocess } from "./field.ts";
import { readAccuracy } from "./readReportEvaluation.ts";
import { recipeFields } from "./recipe.ts";

const FIELDS = [
  ...["request", "split", "judged", "executor", "bytes", "start", "points", "chosen", "best", "ended", "seconds"],
];
const POINT_FIELDS = [
  ...["decisions", "label", "bytes", "floatLayers", "sqnr", "top1", "expected", "latency", "passed", "accepted"],
];

/** What a report says of a search. Throws InputError when a field is wrong or unknown. */
export function readTuning(field: Field, parsePreprocess: ParsePreprocess): TuningRecord {
  field.only(...FIELDS);
  const request = field.at("request").only("samples", "limit", "goal", "budget");
  const split = field.at("split").only("calibration", "judgement");
  const judged = field.at("judged").only("samples", "labelled");
  const executor = field.at("executor").only("runtime", "threads");
  const points = field.at("points").list(readPoint);
  return {
    request: {
      samples: request.at("samples").integer(1),
      limit: readLimit(request.at("limit")),
      goal: request.at("goal").oneOf(["size", "latency"]),
      budget: request.at("budget").nullable((budget) => budget.number()),
    },
    split: { calibration: readSpan(split.at("calibration")), judgement: readSpan(split.at("judgement")) },
    judged: { samples: judged.at("samples").integer(0), labelled: judged.at("labelled").integer(0) },
    executor: { runtime: executor.at("runtime").string(), threads: executor.at("threads").integer(1) },
    bytes: { float: field.at("bytes").only("float").at("float").integer(0) },
    start: readStart(field.at("start"), parsePreprocess),
    points,
    chosen: field.at("chosen").nullable((chosen) => chosen.integer(0, points.length - 1)),
    best: field.at("best").integer(0, points.length - 1),
    ended: field.at("ended").oneOf(["found", "exhausted", "budget", "cancelled"]),
    seconds: field.at("seconds").number(),
  };
}

function readPoint(field: Field): TuningRecord["points"][number] {
  field.only(...POINT_FIELDS);
  return {
    decisions: field.at("decisions").list(readDecision),
    label: field.at("label").string(),
    bytes: field.at("bytes").integer(0),
    floatLayers: field.at("floatLayers").integer(0),
    sqnr: field.at("sqnr").number(),
    top1: field.at("top1").nullable(readAccuracy),
    expected: field.at("expected").nullable((expected) => expected.number()),
    latency: field.at("latency").nullable((latency) => latency.number()),
    passed: field.at("passed").boolean(),
    accepted: field.at("accepted").boolean(),
  };
}

function readDecision(field: Field): Decision {
  const kind = field.at("kind").oneOf(["corrections", "float", "int8"]);
  if (kind !== "corrections") {
    field.only("kind", "layers");
    return { kind, layers: field.at("layers").list((layer) => layer.string()) };
  }
  const corrections = field.only("kind", "corrections").at("corrections").only("equalization", "bias");
  return {
    kind,
    corrections: {
      equalization: corrections.at("equalization").boolean(),
      bias: corrections.at("bias").oneOf(["none", "empirical", "analytic"]),
    },
  };
}

function readLimit(field: Field): TuneLimit {
  const kind = field.at("kind").oneOf(["drop", "sqnr"]);
  return kind === "drop"
    ? { kind, share: field.only("kind", "share").at("share").number() }
    : { kind, decibels: field.only("kind", "decibels").at("decibels").number() };
}

function readSpan(field: Field): readonly [number, number] {
  const [first, end, ...more] = field.integers(0);
  if (first === undefined || end === undefined || more.length > 0) return field.fail("a list of two whole numbers");
  return [first, end];
}

function readStart(field: Field, parsePreprocess: ParsePreprocess): Recipe {
  field.at("version").integer(1, 1);
  return recipeFields(field, parsePreprocess);
}
