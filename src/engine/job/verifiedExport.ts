import type { Dataset } from "../model/dataset.ts";
import type { JobContext, Notice } from "../model/job.ts";
import type { Runtime } from "../model/runtime.ts";
import { type Exported, type ExportRequest, exportJob } from "./export.ts";
import { firstRun } from "./firstRun.ts";
import type { OpenModel } from "./open.ts";

/**
 * The files of a job as `exportJob` makes them, once each model among them has loaded and run: on a sample of `dataset`, or
 * without one on made inputs. What the run had to say is among the notices. Throws InputError as `exportJob` and
 * `firstRun` do.
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
  for (const [done, artifact] of models.entries()) {
    context.signal.throwIfAborted();
    context.report({ task: "Running what was made once", done, total: models.length, unit: "models" });
    notices.push(...(await firstRun(model, artifact, dataset, runtime)));
  }
  context.signal.throwIfAborted();
  if (notices.length === 0) return exported;
  return exportJob(model, { ...request, notices: [...(request.notices ?? []), ...notices] });
}
