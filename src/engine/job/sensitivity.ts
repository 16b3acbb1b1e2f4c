import { exposeOutputs } from "../graph/shapes.ts";
import type { Dataset } from "../model/dataset.ts";
import { inPairs } from "../model/format.ts";
import { InputError, type JobContext } from "../model/job.ts";
import type { Recipe } from "../model/recipe.ts";
import type { Runtime, Session } from "../model/runtime.ts";
import type { Sensitivity } from "../model/sensitivity.ts";
import type { SensitivityShard } from "../model/sensitivityShard.ts";
import { partOf } from "../model/shard.ts";
import { toModelFile } from "../onnx/runtimeFile.ts";
import { type Measured, measureSensitivity } from "../tuning/sensitivity.ts";
import { type SensitivityModel, sensitivityModel } from "../tuning/sensitivityModel.ts";
import { plural } from "../values/figures.ts";
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
  request: { readonly samples: number; readonly untilSettled: boolean },
  runtime: Runtime,
  context: JobContext,
  onResult: (partial: Sensitivity) => void,
): Promise<Sensitivity> {
  const whole = { ...request, part: null };
  return (await measureLayers(model, recipe, dataset, whole, runtime, context, onResult)).sensitivity;
}

/**
 * The same of one part of the layers, on all samples: what is measured of a layer does not depend on the others, but the reliability of their
 * ranking does, and is found from the halves of all. Throws InputError where there are fewer layers than parts, too.
 */
export function sensitivityOfPart(
  model: OpenModel,
  recipe: Recipe,
  dataset: Dataset,
  request: { readonly samples: number; readonly part: Part },
  runtime: Runtime,
  context: JobContext,
): Promise<Measured> {
  const whole = { ...request, untilSettled: false };
  return measureLayers(model, recipe, dataset, whole, runtime, context, () => undefined);
}

type Part = SensitivityShard["shard"];

/** Without the variants of layers that are not of a part. */
function ofPart(model: SensitivityModel, part: Part | null): SensitivityModel {
  if (!part) return model;
  const units = [...new Set(model.variants.map(({ unit }) => unit))];
  if (part.of > units.length) {
    throw new InputError(
      `${plural(units.length, "layer")} cannot be cut into ${part.of} shards; take ${units.length} shards at most.`,
    );
  }
  const own = new Set(units.slice(...partOf(units.length, part)));
  return { ...model, variants: model.variants.filter(({ unit }) => own.has(unit)) };
}

async function measureLayers(
  model: OpenModel,
  recipe: Recipe,
  dataset: Dataset,
  request: { readonly samples: number; readonly untilSettled: boolean; readonly part: Part | null },
  runtime: Runtime,
  context: JobContext,
  onResult: (partial: Sensitivity) => void,
): Promise<Measured> {
  const { samples, untilSettled, part } = request;
  const start = performance.now();
  assertTakesCodes(recipe, "What each layer costs");
  assertRoundingLearned(recipe);
  context.report({ task: "Preparing every variant", done: 0, total: 1, unit: "models" });
  const { float, corrected, types, plan, ranges } = quantizationJob(model, recipe);
  const first = await firstReadable(dataset, 0, samples);
  const standIns = standInsOf(model);
  const all = sensitivityModel({
    subject: { float, corrected, plan, ranges, recipe: inPairs(recipe) },
    types,
    dims: model.dims,
    choices: recipe,
    bound: KEPT_BOUND,
    dataShaped: outputsShapedByData(model),
    standIns,
  });
  const measured = ofPart(all, part);
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
    const wanted = { samples, untilSettled, reference, bound: KEPT_BOUND, executor, start };
    const { sensitivity, halves } = await measureSensitivity(measured, session, dataset, wanted, context, onResult);
    const notices = [...standInNotices(standIns), ...sensitivity.notices];
    return { sensitivity: { ...sensitivity, notices }, halves };
  } finally {
    await Promise.all(sessions.map((session) => session.dispose()));
  }
}
