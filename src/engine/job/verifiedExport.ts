import type { Dataset } from "../model/dataset.ts";
import type { JobContext, Notice } from "../model/job.ts";
import type { Runtime } from "../model/runtime.ts";
import { type Exported, type ExportRequest, exportJob } from "./export.ts";
import { unprovenName } from "./fileNames.ts";
import { firstRun, RunCrashed } from "./firstRun.ts";
import type { OpenModel } from "./open.ts";

/**
 * The files of a job as `exportJob` makes them, once each model among them has loaded and run: on a sample of `dataset`, or
 * without one on made inputs. What the run had to say is among the notices; a model that crashes the runtime is kept under a name
 * that says so. Throws InputError as `exportJob` and `firstRun` do.
 */
export async function verifiedExport(
  model: OpenModel,
  request: ExportRequest,
  dataset: Dataset | null,
  runtime: Runtime,
  context: JobContext,
): Promise<Exported> {
  const exported = exportJob(model, request);
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
  if (notices.length === 0) return exported;
  return exportJob(model, {
    ...request,
    quantized: exported.quantized,
    recipe: exported.recipe,
    notices: [...(request.notices ?? []), ...notices],
    crashed,
  });
}

function crash(name: string, how: string): Notice {
  const subject = unprovenName(name);
  const message = `"${name}" crashes ONNX Runtime, so it is kept as "${subject}", which is not proven to run: ${how}. Leave layers in float in the recipe until one runs.`;
  return { kind: "warning", subject, message };
}
