import type { Observation } from "../calibration/calibrate.ts";
import { wasSeldom } from "../calibration/seldom.ts";
import type { Dataset } from "../model/dataset.ts";
import { InputError, type Notice } from "../model/job.ts";
import type { DoubtFacts } from "../model/shard.ts";
import { inputPorts } from "../onnx/ports.ts";
import { equalSamples } from "./equalSamples.ts";
import { farSamples } from "./farSamples.ts";
import { inputValues } from "./inputValues.ts";
import { oneSidedProbabilities, probabilitiesOf } from "./oneSided.ts";
import type { OpenModel } from "./open.ts";
import { preparationFacts, unpreparedData } from "./unpreparedData.ts";

/** What doubts ask of a model. */
export function doubtFacts(model: OpenModel): DoubtFacts {
  return {
    inputs: [...new Set(inputPorts(model.observed).map(({ name }) => inputValues(model, name)))],
    open: model.open.map(({ name }) => name),
    ...preparationFacts(model),
    probabilities: probabilitiesOf(model),
    outputs: model.observed.graph?.output.map(({ name }) => name) ?? [],
  };
}

/** Warnings of samples that cannot be right, by what was seen of them. */
export function doubtsOf(
  facts: DoubtFacts,
  { statistics, observed }: Pick<Observation, "statistics" | "observed">,
  { sourceOf }: Pick<Dataset, "sourceOf">,
): Notice[] {
  const often = new Map([...statistics].filter(([, seen]) => !wasSeldom(seen, observed)));
  return [
    ...farSamples(often, new Set(facts.inputs), sourceOf),
    ...equalSamples(often, observed.length, facts.open.join(", ")),
    ...unpreparedData(facts, statistics),
    ...oneSidedProbabilities(facts, statistics),
  ];
}

/** Throws InputError where an output of the model was never finite. */
export function checkOutputs(
  { outputs }: Pick<DoubtFacts, "outputs">,
  { statistics, observed }: Pick<Observation, "statistics" | "observed">,
): void {
  for (const name of outputs) {
    const seen = statistics.get(name);
    if (!seen || seen.finite > 0 || seen.nan + seen.positiveInfinity + seen.negativeInfinity === 0) continue;
    throw new InputError(
      `The float model's output ${name} was NaN or infinite throughout on all ${observed.length} samples, which leaves nothing to quantize by; look at the data and the model.`,
    );
  }
}
