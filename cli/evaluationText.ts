import type { Accuracy, Evaluation, OutputError } from "../src/engine/model/evaluation.ts";
import { bytesText, percentText, significant } from "./format.ts";

/** An evaluation for a person, line by line; the float figure comes first. */
export function describeEvaluation(evaluation: Evaluation): string[] {
  const { samples, labelled, top1, top5, outputs, bytes, verdict } = evaluation;
  return [
    `${samples} samples, ${labelled} of them labelled; float, then quantized:`,
    ...(top1 ? [accuracyLine("top-1", top1)] : []),
    ...(top5 ? [accuracyLine("top-5", top5)] : []),
    ...outputs.map(outputLine),
    `size: ${bytesText(bytes.float)}, ${bytesText(bytes.quantized)}`,
    latencyLine(evaluation.latency),
    ...(verdict
      ? [`${verdict.passed ? "passed" : "failed"}: a drop of ${significant(100 * verdict.limit)} points is allowed`]
      : []),
  ];
}

function accuracyLine(name: string, { float, quantized, drop, interval }: Accuracy): string {
  const [low, high] = interval.map((share) => (100 * share).toFixed(1));
  return `${name}: ${percentText(float)}, ${percentText(quantized)}; drop ${(100 * drop).toFixed(1)} points (95 % interval ${low} to ${high})`;
}

function outputLine({ name, sqnr, mse, mae, cosine, agreement, kl, nonFinite }: OutputError): string {
  const errors = `${name}: SQNR ${sqnr.toFixed(2)} dB, MSE ${significant(mse)}, MAE ${significant(mae)}, cosine ${cosine.toFixed(5)}`;
  return [
    errors,
    ...(agreement === null ? [] : [`agreement ${percentText(agreement)}`]),
    ...(kl === null ? [] : [`KL ${significant(kl)} nats`]),
    ...(nonFinite === 0 ? [] : [`${nonFinite} not finite`]),
  ].join(", ");
}

function latencyLine({ float, quantized, runs, threads, runtime, machine }: Evaluation["latency"]): string {
  const milliseconds = (value: number) => `${value.toFixed(2)} ms`;
  return `latency: p50 ${milliseconds(float.p50)}, ${milliseconds(quantized.p50)}; p95 ${milliseconds(float.p95)}, ${milliseconds(quantized.p95)} (${runs} runs each in turn, ${threads === 1 ? "1 thread" : `${threads} threads`}, ${runtime}, ${machine})`;
}
