import { type Candidate, preprocessCandidates, spanOf } from "../data/candidates.ts";
import { classesIn, classesOf, type Sample, type SampleLabels } from "../model/dataset.ts";
import { InputError, type JobContext } from "../model/job.ts";
import type { Preprocess } from "../model/preprocess.ts";
import type { LabelShift, PreprocessFinding } from "../model/preprocessFinding.ts";
import type { ModelFile, Runtime } from "../model/runtime.ts";
import type { OpenDataset } from "./data.ts";
import { type AllowedShift, PreprocessTrials } from "./preprocessTrials.ts";
import { firstReadable } from "./samples.ts";
import { similarSession } from "./session.ts";

const MOST_SAMPLES = 64;
/** A larger scale alone makes answers sharper: on 0 to 255 SqueezeNet is 0.96 sure, where 0.50 is right. */
const SIMILAR_SPAN = 8;

/**
 * Runs the float model under every preprocessing that suits the data, and judges under which it answers as labelled
 * (judgePreprocess.ts): on up to 64 labelled samples of skip..skip+samples, spread evenly. Without labels there it tells
 * under which of those of a similar scale it answers sharpest. Null where there is nothing to go by: no
 * output of class scores, labels that are classes of another model, tensors without labels, steps of sequences. A preprocessing that a sample
 * does not suit is left out. Throws InputError when no sample can be read, or the model does not run.
 */
export async function findPreprocess(
  float: ModelFile,
  data: OpenDataset,
  { skip, samples }: { readonly skip: number; readonly samples: number },
  runtime: Runtime,
  context: JobContext,
): Promise<PreprocessFinding | null> {
  if (data.sequences) return null;
  const end = Math.max(skip, Math.min(skip + samples, data.length));
  const isLabelled = (index: number) => typeof data.labels?.at(index) === "number";
  const labelled = spread(skip, end, isLabelled);
  const hasLabels = labelled.length > 0;
  const candidates = hasLabels ? preprocessCandidates(data) : ofSimilarSpan(preprocessCandidates(data));
  const shifts = allowedShifts(hasLabels ? data.labels : null);
  if (candidates.length === 1 && shifts.length === 1) return null;
  const chosen = hasLabels ? labelled : spread(skip, end, () => true);
  const report = (done: number) =>
    context.report({ task: "Comparing preprocessings", done, total: chosen.length, unit: "samples" });
  report(0);
  const { session } = await similarSession(runtime, float, await firstReadable(data, skip, samples), "The float model");
  try {
    const trials = new PreprocessTrials(session, candidates, shifts);
    for (const [done, index] of chosen.entries()) {
      context.signal.throwIfAborted();
      report(done);
      const variants = await variantsOf(data, index, trials.preprocesses);
      if (!variants) continue;
      if (!(await trials.add(variants, hasLabels ? classesOf(data.labels?.at(index))[0]! : null, context.signal)))
        return null;
    }
    return trials.result();
  } finally {
    await session.dispose();
  }
}

function ofSimilarSpan(candidates: readonly Candidate[]): readonly Candidate[] {
  const inUse = candidates[0]!.preprocess;
  if (!inUse) return candidates;
  return candidates.filter(({ preprocess }) => {
    const times = spanOf(preprocess!) / spanOf(inUse);
    return times <= SIMILAR_SPAN && times * SIMILAR_SPAN >= 1;
  });
}

/** MOST_SAMPLES at most of those of first..end that are taken, evenly: samples often lie in the order of their labels. */
function spread(first: number, end: number, isTaken: (index: number) => boolean): number[] {
  let all = 0;
  for (let index = first; index < end; index++) if (isTaken(index)) all++;
  const count = Math.min(MOST_SAMPLES, all);
  const chosen: number[] = [];
  let place = 0;
  for (let index = first; index < end && chosen.length < count; index++) {
    if (isTaken(index) && place++ === Math.floor((chosen.length * all) / count)) chosen.push(index);
  }
  return chosen;
}

/** Null where the sample cannot be read. */
async function variantsOf(
  data: OpenDataset,
  index: number,
  preprocesses: readonly (Preprocess | null)[],
): Promise<readonly (Sample | null)[] | null> {
  const pictures = preprocesses.filter((preprocess) => preprocess !== null);
  try {
    return pictures.length === 0 ? [await data.get(index)] : await data.variants(index, pictures);
  } catch (error) {
    if (error instanceof InputError) return null;
    throw error;
  }
}

/** Shifts under which no label is below 0, and the classes that there must be for each. */
function allowedShifts(labels: SampleLabels | null): readonly AllowedShift[] {
  let [least, most] = [Number.POSITIVE_INFINITY, 0];
  for (const label of classesIn(labels)) [least, most] = [Math.min(least, label), Math.max(most, label)];
  if (least === Number.POSITIVE_INFINITY) return [{ shift: 0, classes: 0 }];
  const shifts: readonly LabelShift[] = least > 0 ? [0, 1, -1] : [0, 1];
  return shifts.map((shift) => ({ shift, classes: most + shift + 1 }));
}
