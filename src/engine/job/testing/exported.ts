import { assertValid } from "../../onnx/testing/checker.ts";
import { type Exported, type ExportRequest, exportJob } from "../export.ts";
import type { OpenModel } from "../open.ts";

/** What a job writes, each model in it checked to be valid ONNX. */
export function exportValid(model: OpenModel, request: ExportRequest): Exported {
  const exported = exportJob(model, request);
  for (const { name, chunks } of exported.files) if (name.endsWith(".onnx")) assertValid(chunks, name);
  return exported;
}
