import type { Evaluation, OtherOutput, OutputError } from "../model/evaluation.ts";
import type { Notice } from "../model/job.ts";
import { channelsText } from "../values/channels.ts";
import { plural, significant } from "../values/figures.ts";
import { percent } from "../values/shares.ts";
import { byteSize, decibel } from "../values/units.ts";

/** Below this more than a tenth of an output's energy is error. */
const LEAST_SQNR = 10;
/** A tenth of an output's rows or values is other ones. */
const LEAST_SAME = 0.9;
/** Medians of runs in turn differ by a few percent between a model and itself. */
const SLOWER = 1.1;

/** What a quantized model is worse in than anyone would quantize for: larger, slower as measured, or outputs below 10 dB. */
export function shortfalls({
  bytes,
  latency,
  outputs,
  others = [],
}: Pick<Evaluation, "bytes" | "latency" | "outputs" | "others">): Notice[] {
  return [
    ...larger(bytes),
    ...slower(latency),
    ...outputs.flatMap(poor),
    ...others.flatMap(unlike),
    ...uncompared(outputs),
  ];
}

function unlike({ name, kind, same }: OtherOutput): Notice[] {
  if (same === null || same >= LEAST_SAME) return [];
  const message =
    kind === "rows"
      ? `The output ${name} has a counterpart in the other model for ${percent(same)} of its rows only; leave layers in float until more agree.`
      : `The output ${name} has ${percent(same)} of its values equal in the two models; leave layers in float until more agree.`;
  return [{ kind: "warning", subject: name, message }];
}

function uncompared(outputs: readonly OutputError[]): Notice[] {
  if (outputs.length > 0) return [];
  const message =
    "No output of the model is floats of a size that holds for both models, so there is no SQNR: go by the shares that are the same.";
  return [{ kind: "info", subject: "outputs", message }];
}

function larger({ float, quantized }: Evaluation["bytes"]): Notice[] {
  if (quantized <= float) return [];
  const message = `The quantized file is larger than the float one, ${byteSize(quantized)} against ${byteSize(float)}; keep the float model where size is what counts.`;
  return [{ kind: "warning", subject: "file size", message }];
}

function slower({ float, quantized, runs, runtime, machine, threads }: Evaluation["latency"]): Notice[] {
  if (!(quantized.p50 > SLOWER * float.p50)) return [];
  const times = `p50 ${significant(quantized.p50)} ms against ${significant(float.p50)} ms`;
  const where = `${plural(runs, "run")} each, ${plural(threads, "thread")}, ${runtime}, ${machine}`;
  const message = `The quantized model is slower than the float one here, ${times} (${where}); measure it with octet evaluate on the machine it is meant for, and where it is slower there too, have octet quantize --goal speed write what is not.`;
  return [{ kind: "warning", subject: "latency", message }];
}

function poor({ name, sqnr, parts }: OutputError): Notice[] {
  if (sqnr === null || !(sqnr < LEAST_SQNR)) return [];
  const worst = parts.find((part) => part.sqnr === sqnr);
  const where = worst ? ` in its ${channelsText(worst.channels, worst.largest)}` : "";
  const message = `The output ${name} has an SQNR of ${decibel(sqnr)}${where}, below ${LEAST_SQNR} dB: more than a tenth of its energy is error; find the layers that cost most with octet sensitivity or the studio's Culprits tab, and take what is recommended there.`;
  return [{ kind: "warning", subject: name, message }];
}
