import { nodeEnvironment } from "../../cli/environment.ts";
import { threadedRuntime } from "../../cli/executors.ts";
import { dataFiles } from "../../cli/files.ts";
import { modelSource } from "../../cli/options.ts";
import { withSeparate } from "../../cli/separate.ts";
import type { DataFile } from "../engine/model/dataset.ts";
import { nodeOrWasm } from "../engine/runtime/nodeOrWasm.ts";
import { checkedFiles, checkedOpening } from "./checks.ts";
import { openIn } from "./open.ts";
import type { ModelBytes, OpenOptions, Project } from "./project.ts";
import { sourceOf } from "./source.ts";

/**
 * Opens an ONNX model, by its path or in memory, on ONNX Runtime's native build, or in WASM where that is not installed;
 * data are a path of a file or a folder, or files that are read by whoever calls. Rejects with InputError.
 */
export async function openProject(
  model: string | ModelBytes,
  options: OpenOptions = {},
): Promise<Project<string | readonly DataFile[]>> {
  const source = typeof model === "string" ? await modelSource(model) : sourceOf(model, "a path");
  const opening = checkedOpening(options);
  const main = opening.runtime ?? threadedRuntime(withSeparate((await nodeOrWasm()).runtime, false));
  const filesOf = async (data: string | readonly DataFile[]) =>
    typeof data === "string" ? dataFiles(data) : checkedFiles(data, "a path");
  return openIn(source, nodeEnvironment(main), filesOf, opening);
}

export * from "./exports.ts";
