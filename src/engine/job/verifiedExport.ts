import type { Dataset } from "../model/dataset.ts";
import type { WithFitters } from "../model/fitting.ts";
import type { JobContext, Notice } from "../model/job.ts";
import type { Recipe } from "../model/recipe.ts";
import type { Runtime } from "../model/runtime.ts";
import { type Exported, type ExportRequest, exportJob } from "./export.ts";
import { unprovenName } from "./fileNames.ts";
import { firstRun, RunCrashed } from "./firstRun.ts";
import { type Keep, keepWorked } from "./keepWorked.ts";
import { assertRoundingLearned } from "./learned.ts";
import type { OpenModel } from "./open.ts";
import { quantizeModel } from "./quantize.ts";
import { weighAhead } from "./weighAhead.ts";

export interface Verified extends Exported {
  /** How long running what was made took, in seconds. */
  readonly runSeconds: number;
}

/**
 * The files of a job as `exportJob` makes them, once each model among them has loaded and run: on a sample of `dataset`, or
 * without one on made inputs. What the run had to say is among the notices; a model that crashes the runtime is kept under a name
 * that says so. What is worked out when it is looked at `keep` writes down first, where it is given. Throws InputError as `exportJob` and
 * `firstRun` do.
 */
export async function verifiedExport(
  model: OpenModel,
  request: ExportRequest,
  dataset: Dataset | null,
  runtime: Runtime,
  context: JobContext,
  keep: Keep | null = null,
  withFitters?: WithFitters,
): Promise<Verified> {
  const { report } = context;
  report({ task: "Quantizing", done: 0, total: 1, unit: "models" });
  const made =
    keep && request.recipe.resolved
      ? await quantizedAhead(model, request.recipe, keep, context, withFitters)
      : { figures: new Map() };
  const exported = exportJob(model, { ...made, ...request, report });
  const start = performance.now();
  const models = exported.files.filter(({ name }) => name.endsWith(".onnx"));
  const notices: Notice[] = [];
  const crashed = new Set<string>();
  for (const [done, artifact] of models.entries()) {
    context.signal.throwIfAborted();
    context.report({ task: "Running what was made once", done, total: models.length, unit: "models" });
    try {
      notices.push(...(await firstRun(model, artifact, dataset, runtime)));
    } catch (error) {
      context.signal.throwIfAborted();
      if (!(error instanceof RunCrashed)) throw error;
      crashed.add(artifact.name);
      notices.push(crash(artifact.name, error.message));
    }
  }
  context.signal.throwIfAborted();
  const runSeconds = (performance.now() - start) / 1000;
  if (notices.length === 0) return { ...exported, runSeconds };
  const again = exportJob(model, {
    ...made,
    ...request,
    report,
    quantized: exported.quantized,
    recipe: exported.recipe,
    notices: [...(request.notices ?? []), ...notices],
    crashed,
  });
  return { ...again, runSeconds };
}

/** What a recipe comes to, step by step where weights are not in memory, and written. */
async function quantizedAhead(
  model: OpenModel,
  recipe: Recipe,
  keep: Keep,
  context: JobContext,
  withFitters?: WithFitters,
): Promise<Pick<ExportRequest, "quantized" | "figures">> {
  assertRoundingLearned(recipe);
  await weighAhead(model, recipe, context, withFitters);
  const quantized = quantizeModel(model, recipe);
  return { quantized, figures: await keepWorked(quantized, recipe, keep, context) };
}

function crash(name: string, how: string): Notice {
  const subject = unprovenName(name);
  const message = `"${name}" crashes ONNX Runtime, so it is kept as "${subject}", which is not proven to run: ${how}. Leave layers in float in the recipe until one runs.`;
  return { kind: "warning", subject, message };
}
