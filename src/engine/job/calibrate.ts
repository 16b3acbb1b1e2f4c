import { Calibrator, type Crew, type Observation } from "../calibration/calibrate.ts";
import { AUTOMATIC, type Calibration, type Execution } from "../model/calibration.ts";
import type { Dataset } from "../model/dataset.ts";
import { InputError, type JobContext, type Notice } from "../model/job.ts";
import type { Preprocess } from "../model/preprocess.ts";
import { AcceleratorLost, type Runtimes, WorkerDied } from "../model/runtime.ts";
import { batchToTry } from "./crews.ts";
import { checkOutputs, doubtFacts, doubtsOf } from "./doubts.ts";
import { MainRun } from "./mainRun.ts";
import { type ObservedModel, observedModel } from "./observed.ts";
import type { OpenModel } from "./open.ts";
import { type Candidate, type Placement, placeObserver } from "./placement.ts";
import { printing } from "./prints.ts";
import { firstReadable } from "./samples.ts";

export interface CalibrationRequest {
  /** So many samples are observed, from the first on or from the one at `skip`. */
  readonly samples: number;
  readonly skip?: number;
  readonly preprocess: Preprocess | null;
  readonly resume: Calibration | null;
  /** A short trial decides what it leaves open, or all when it is absent. */
  readonly execution?: Execution;
  /** Gets what was observed so far, as `CalibratorOptions` has it. */
  readonly checkpoint: (calibration: Calibration) => unknown;
  readonly isLeaving?: () => boolean;
}

/** How long a run that is cancelled may take to hand over what it observed. */
const PATIENCE_MS = 3000;
/** An accelerator has to be fetched and to compile the model: not for jobs that are done by then. */
const WORTH_ACCELERATING_MS = 3000;

/**
 * Observes every float activation of the model on samples of a dataset that follow each other: on the accelerator, where that is asked
 * for or clearly faster, else on the main runtime, which goes on where an accelerator is lost. Samples that cannot be right
 * are warned of. Throws InputError when no sample can be read, an output is never finite, or `resume` belongs to another
 * model, was equalized or smoothed otherwise, or took samples in another order.
 */
export async function calibrate(
  model: OpenModel,
  dataset: Dataset,
  request: CalibrationRequest,
  runtimes: Runtimes,
  context: JobContext,
): Promise<Calibration> {
  const seen = await observe(model, dataset, request, runtimes, context);
  const facts = doubtFacts(model);
  checkOutputs(facts, seen);
  return { ...seen, notices: [...seen.notices, ...doubtsOf(facts, seen, dataset)] };
}

/** The same without a look at whether the samples can be right. */
export async function observe(
  model: OpenModel,
  dataset: Dataset,
  request: CalibrationRequest,
  runtimes: Runtimes,
  context: JobContext,
): Promise<Calibration> {
  const { resume, execution = AUTOMATIC } = request;
  if (resume && resume.model.sha256 !== model.sha256) {
    throw new InputError(`The calibration to continue belongs to ${resume.model.name}, another model.`);
  }
  if (resume && resume.equalized !== model.equalized) {
    throw new InputError("The calibration to continue was made with another setting of equalization; start afresh.");
  }
  if (resume && (resume.smoothed ?? false) !== model.smoothed) {
    throw new InputError("The calibration to continue was made with another setting of smoothing; start afresh.");
  }
  if (resume?.scaling !== undefined && resume.scaling !== model.scaling) {
    throw new InputError(
      "The calibration to continue was made with other factors of equalization or smoothing; start afresh.",
    );
  }
  const { seed = null } = dataset;
  if (resume && resume.seed !== seed) {
    throw new InputError("The calibration to continue took the samples in another order; start afresh.");
  }
  context.report({ task: "Starting ONNX Runtime", done: 0, total: request.samples, unit: "samples" });
  const printed = printing(dataset, resume);
  const observed = observedModel(model, dataset);
  const describe = (observation: Observation): Calibration => ({
    model: { name: model.name, sha256: model.sha256 },
    equalized: model.equalized,
    ...(model.smoothed && { smoothed: true }),
    ...(model.scaling !== null && { scaling: model.scaling }),
    wanted: request.samples,
    preprocess: request.preprocess,
    seed,
    prints: printed.of(observation.observed),
    ...observation,
  });
  const { samples, skip = 0 } = request;
  const { watch } = observed.plan;
  const unseen = resume && watch.find((name) => !resume.statistics.has(name));
  const calibrator = new Calibrator({
    watch,
    dataset: printed.dataset,
    samples,
    skip,
    resume: resume && unseen === undefined ? withoutDoubts(model, resume, dataset) : null,
    context,
    checkpoint: (state) => request.checkpoint(describe(state)),
    ...(request.isLeaving && { isLeaving: request.isLeaving }),
  });
  if (unseen) calibrator.note({ kind: "info", subject: unseen, message: unseenMessage(unseen) });
  let main = new MainRun(runtimes.main, observed, execution, calibrator);
  try {
    const candidate = {
      file: observed.file,
      plan: observed.plan,
      sample: await firstReadable(dataset, skip, samples),
      mainMilliseconds: () => main.milliseconds(),
    };
    const isShort = async () => calibrator.left * (await main.milliseconds()) < WORTH_ACCELERATING_MS;
    if (calibrator.left > 0 && runtimes.accelerator && (execution.provider !== null || !(await isShort()))) {
      await accelerated(calibrator, candidate, observed, execution, runtimes, context, main);
    }
    for (let restarts = runtimes.main.restarts ?? 0; ; restarts--) {
      try {
        await main.finish();
        break;
      } catch (error) {
        if (!(error instanceof WorkerDied) || restarts === 0) throw error;
        await main.close();
        calibrator.note(restartNotice(error));
        main = new MainRun(runtimes.main, observed, execution, calibrator);
      }
    }
    return describe(calibrator.result());
  } finally {
    await main.close();
  }
}

function restartNotice({ message }: WorkerDied): Notice {
  return {
    kind: "warning",
    subject: "ONNX Runtime",
    message: `${message}; what it had observed and not handed over was observed again.`,
  };
}

/** Another version of Octet prepared the model otherwise, so that other tensors were observed. */
function unseenMessage(tensor: string): string {
  return `The calibration to continue holds nothing about tensor ${tensor}, so all samples were observed from the first.`;
}

/** A calibration without the warnings that were made of all its samples: more of them may say otherwise. */
function withoutDoubts(model: OpenModel, calibration: Calibration, dataset: Dataset): Calibration {
  const made = new Set(doubtsOf(doubtFacts(model), calibration, dataset).map(({ message }) => message));
  return { ...calibration, notices: calibration.notices.filter(({ message }) => !made.has(message)) };
}

/** Observes on the accelerator what it is given; what it leaves, and why, is noted. */
async function accelerated(
  calibrator: Calibrator,
  candidate: Candidate,
  observed: ObservedModel,
  { provider, batch }: Execution,
  runtimes: Runtimes,
  { signal }: JobContext,
  main: MainRun,
): Promise<void> {
  const note = (kind: Notice["kind"], message: string) => calibrator.note({ kind, subject: "WebGPU", message });
  const placement: Placement = await placeObserver(runtimes, provider, candidate, signal);
  if (!placement.accelerator) {
    if (placement.reason) note(provider ? "warning" : "info", placement.reason);
    return;
  }
  const { accelerator, observer } = placement;
  let patience: ReturnType<typeof setTimeout> | undefined;
  const end = () => {
    patience = setTimeout(() => accelerator.end(), PATIENCE_MS);
  };
  signal.addEventListener("abort", end);
  try {
    await main.rest();
    const crew: Crew = {
      sessions: [observer],
      runtime: { runtime: accelerator.label, provider: accelerator.provider },
      threads: 1,
      batch: observed.joins ? (batch ?? batchToTry(observed)) : 1,
    };
    await calibrator.run(crew);
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof AcceleratorLost)) throw error;
    note("warning", `${error.message} The samples it had not handed over ran on ${runtimes.main.label}.`);
  } finally {
    signal.removeEventListener("abort", end);
    clearTimeout(patience);
    await observer.dispose().catch(() => undefined);
  }
}
