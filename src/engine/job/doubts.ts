import type { Observation } from "../calibration/calibrate.ts";
import type { Dataset } from "../model/dataset.ts";
import { InputError, type Notice } from "../model/job.ts";
import { inputPorts } from "../onnx/ports.ts";
import { equalSamples } from "./equalSamples.ts";
import { farSamples } from "./farSamples.ts";
import { inputValues } from "./inputValues.ts";
import { oneSidedProbabilities } from "./oneSided.ts";
import type { OpenModel } from "./open.ts";
import { unpreparedData } from "./unpreparedData.ts";

/** Warnings of samples that cannot be right, by what was seen of them. */
export function doubtsOf(
  model: OpenModel,
  { statistics, observed }: Pick<Observation, "statistics" | "observed">,
  { sources }: Pick<Dataset, "sources">,
): Notice[] {
  const inputs = new Set(inputPorts(model.observed).map(({ name }) => inputValues(model, name)));
  return [
    ...farSamples(statistics, inputs, sources),
    ...equalSamples(statistics, observed.length, model.open.map(({ name }) => name).join(", ")),
    ...unpreparedData(model, statistics),
    ...oneSidedProbabilities(model, statistics),
  ];
}

/** Throws InputError where an output of the model was never finite. */
export function checkOutputs(
  { observed: { graph } }: OpenModel,
  { statistics, observed }: Pick<Observation, "statistics" | "observed">,
): void {
  for (const { name } of graph?.output ?? []) {
    const seen = statistics.get(name);
    if (!seen || seen.finite > 0 || seen.nan + seen.positiveInfinity + seen.negativeInfinity === 0) continue;
    throw new InputError(
      `The float model's output ${name} was NaN or infinite throughout on all ${observed.length} samples, which leaves nothing to quantize by; look at the data and the model.`,
    );
  }
}
