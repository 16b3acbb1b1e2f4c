import { type Observation, observe } from "../calibration/calibrate.ts";
import { exposeOutputs } from "../graph/shapes.ts";
import type { Calibration } from "../model/calibration.ts";
import type { Dataset } from "../model/dataset.ts";
import { InputError, type JobContext } from "../model/job.ts";
import type { Preprocess } from "../model/preprocess.ts";
import type { Runtime } from "../model/runtime.ts";
import { toModelFile } from "../onnx/runtimeFile.ts";
import type { OpenModel } from "./open.ts";
import { firstReadable } from "./samples.ts";
import { quickestSession } from "./session.ts";

export interface CalibrationRequest {
  /** The first so many samples are observed. */
  readonly samples: number;
  readonly preprocess: Preprocess | null;
  readonly resume: Calibration | null;
  readonly checkpoint: (calibration: Calibration) => void;
}

/**
 * Observes every float activation of the model on the first samples of a dataset, one by one.
 * Throws InputError when no sample can be read, or `resume` belongs to another model or was equalized otherwise.
 */
export async function calibrate(
  model: OpenModel,
  dataset: Dataset,
  request: CalibrationRequest,
  runtime: Runtime,
  context: JobContext,
): Promise<Calibration> {
  const { resume } = request;
  if (resume && resume.model.sha256 !== model.sha256) {
    throw new InputError(`The calibration to continue belongs to ${resume.model.name}, another model.`);
  }
  if (resume && resume.equalized !== model.equalized) {
    throw new InputError("The calibration to continue was made with another setting of equalization; start afresh.");
  }
  const watch = watchedTensors(model);
  const file = toModelFile(
    exposeOutputs(
      model.observed,
      watch.filter((name) => name !== model.dataInput.name),
    ),
  );
  context.report({ task: "Starting ONNX Runtime", done: 0, total: request.samples, unit: "samples" });
  const trial = await firstReadable(dataset, 0, request.samples);
  const { session, threads } = await quickestSession(runtime, file, trial, `"${model.fileName}"`);
  const describe = (observation: Observation): Calibration => ({
    model: { name: model.name, sha256: model.sha256 },
    equalized: model.equalized,
    statistics: observation.statistics,
    observed: observation.observed,
    skipped: observation.skipped,
    wanted: request.samples,
    preprocess: request.preprocess,
    executor: { runtime: runtime.label, threads, batch: 1 },
    notices: observation.notices,
  });
  try {
    const observation = await observe(session, watch, dataset, request.samples, resume, context, (state) =>
      request.checkpoint(describe(state)),
    );
    return describe(observation);
  } finally {
    await session.dispose();
  }
}

/** Every float activation and the float input, by the names of the original file, in graph order. */
function watchedTensors(model: OpenModel): string[] {
  const outputs = model.observed.graph?.node.flatMap(({ output }) => output) ?? [];
  return [model.dataInput.name, ...outputs].filter((name) => model.types.get(name) === "float32");
}
