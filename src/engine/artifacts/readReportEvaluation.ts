import type { Accuracy, Evaluation, Latency, OutputError } from "../model/evaluation.ts";
import type { Notice } from "../model/job.ts";
import type { Field } from "./field.ts";

const FIELDS = ["samples", "labelled", "top1", "top5", "verdict", "outputs", "bytes", "latency", "notices"];
const LATENCY_FIELDS = ["float", "quantized", "runs", "runtime", "machine", "threads"];

/** What a report says was measured. Throws InputError when a field is wrong or unknown. */
export function readEvaluation(field: Field): Evaluation {
  const bytes = field
    .only(...FIELDS)
    .at("bytes")
    .only("float", "quantized");
  const latency = field.at("latency").only(...LATENCY_FIELDS);
  return {
    samples: field.at("samples").integer(0),
    labelled: field.at("labelled").integer(0),
    top1: field.at("top1").nullable(readAccuracy),
    top5: field.at("top5").nullable(readAccuracy),
    verdict: field.at("verdict").nullable((verdict) => {
      verdict.only("limit", "passed");
      return { limit: verdict.at("limit").number(), passed: verdict.at("passed").boolean() };
    }),
    outputs: field.at("outputs").list(readOutput),
    bytes: { float: bytes.at("float").integer(0), quantized: bytes.at("quantized").integer(0) },
    latency: {
      float: readLatency(latency.at("float")),
      quantized: readLatency(latency.at("quantized")),
      runs: latency.at("runs").integer(0),
      runtime: latency.at("runtime").string(),
      machine: latency.at("machine").string(),
      threads: latency.at("threads").integer(0),
    },
    notices: field.at("notices").list(readNotice),
  };
}

/** Something a person should know. Throws InputError when a field is wrong. */
export function readNotice(notice: Field): Notice {
  notice.only("kind", "subject", "message");
  return {
    kind: notice.at("kind").oneOf(["warning", "info"]),
    subject: notice.at("subject").string(),
    message: notice.at("message").string(),
  };
}

/** Two accuracies of the same samples. Throws InputError when a field is wrong. */
export function readAccuracy(field: Field): Accuracy {
  field.only("float", "quantized", "drop", "interval");
  const [low, high, ...more] = field.at("interval").list((end) => end.number());
  if (low === undefined || high === undefined || more.length > 0) {
    return field.at("interval").fail("a list of two numbers");
  }
  return {
    float: field.at("float").number(),
    quantized: field.at("quantized").number(),
    drop: field.at("drop").number(),
    interval: [low, high],
  };
}

function readOutput(field: Field): OutputError {
  field.only("name", "agreement", "sqnr", "mse", "mae", "cosine", "kl", "nonFinite");
  return {
    name: field.at("name").string(),
    agreement: field.at("agreement").nullable((share) => share.number()),
    sqnr: field.at("sqnr").nullable((decibels) => decibels.number()),
    mse: field.at("mse").number(),
    mae: field.at("mae").number(),
    cosine: field.at("cosine").nullable((cosine) => cosine.number()),
    kl: field.at("kl").nullable((nats) => nats.number()),
    nonFinite: field.at("nonFinite").integer(0),
  };
}

function readLatency(field: Field): Latency {
  field.only("p50", "p95");
  return { p50: field.at("p50").number(), p95: field.at("p95").number() };
}
