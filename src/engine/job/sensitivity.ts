import { exposeOutputs } from "../graph/shapes.ts";
import type { Dataset } from "../model/dataset.ts";
import { inPairs } from "../model/format.ts";
import type { JobContext } from "../model/job.ts";
import type { Recipe } from "../model/recipe.ts";
import type { Runtime, Session } from "../model/runtime.ts";
import type { Sensitivity } from "../model/sensitivity.ts";
import { toModelFile } from "../onnx/runtimeFile.ts";
import { measureSensitivity } from "../tuning/sensitivity.ts";
import { sensitivityModel } from "../tuning/sensitivityModel.ts";
import { assertTakesCodes } from "./codesOnly.ts";
import { assertRoundingLearned } from "./learned.ts";
import { equalizedModel, type OpenModel } from "./open.ts";
import { quantizationJob } from "./quantize.ts";
import { firstReadable } from "./samples.ts";
import { loadSession, similarSession } from "./session.ts";
import { outputsShapedByData, standInNotices, standInsOf } from "./standIns.ts";

/** What tensors and weights that are kept for not running layers again may take, bytes. */
const KEPT_BOUND = 512 * 2 ** 20;

/**
 * What the outputs lose when one layer alone is quantized, and gain when all others are: see docs/sensitivity.md. On the
 * first samples of a dataset, under a resolved recipe; `untilSettled` ends as soon as they rank the layers reliably. `onResult` brings what is known so far; when the job is
 * cancelled, that stands. Throws InputError when the recipe is not the model's or not resolved, or no sample can be read.
 */
export async function sensitivity(
  model: OpenModel,
  recipe: Recipe,
  dataset: Dataset,
  { samples, untilSettled }: { readonly samples: number; readonly untilSettled: boolean },
  runtime: Runtime,
  context: JobContext,
  onResult: (partial: Sensitivity) => void,
): Promise<Sensitivity> {
  const start = performance.now();
  assertTakesCodes(recipe, "What each layer costs");
  assertRoundingLearned(recipe);
  context.report({ task: "Preparing every variant", done: 0, total: 1, unit: "models" });
  const { float, corrected, types, plan, ranges } = quantizationJob(model, recipe);
  const first = await firstReadable(dataset, 0, samples);
  const standIns = standInsOf(model);
  const measured = sensitivityModel({
    subject: { float, corrected, plan, ranges, recipe: inPairs(recipe) },
    types,
    dims: model.dims,
    choices: recipe,
    bound: KEPT_BOUND,
    dataShaped: outputsShapedByData(model),
    standIns,
  });
  context.signal.throwIfAborted();
  const file = toModelFile(measured.switched.model);
  const what = `"${model.fileName}" with every layer switchable`;
  const whole = measured.switched.feeds(
    measured.segments.map(() => "float"),
    () => "float",
    new Map(),
  );
  const sample = { ...first, feeds: new Map([...first.feeds, ...whole]) };
  const sessions: Session[] = [];
  try {
    const { session, threads } = await similarSession(runtime, file, sample, what);
    sessions.push(session);
    const { observed, equalized } = equalizedModel(model, recipe);
    const reference = equalized
      ? await loadSession(
          runtime,
          toModelFile(exposeOutputs(observed, standIns)),
          { threads },
          `"${model.fileName}", equalized,`,
        )
      : null;
    if (reference) sessions.push(reference);
    const executor = { runtime: runtime.label, threads };
    const request = { samples, untilSettled, reference, bound: KEPT_BOUND, executor, start };
    const result = await measureSensitivity(measured, session, dataset, request, context, onResult);
    return { ...result, notices: [...standInNotices(standIns), ...result.notices] };
  } finally {
    await Promise.all(sessions.map((session) => session.dispose()));
  }
}
