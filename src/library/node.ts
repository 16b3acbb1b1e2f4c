import { nodeEnvironment } from "../../cli/environment.ts";
import { observingApart } from "../../cli/executors.ts";
import { besideModels, familyFolder, partsFor } from "../../cli/familyFolder.ts";
import { dataFiles } from "../../cli/files.ts";
import { tellingPeaks } from "../../cli/memory.ts";
import { modelSource } from "../../cli/options.ts";
import { withSeparate } from "../../cli/separate.ts";
import type { DataFile } from "../engine/model/dataset.ts";
import { nodeOrWasm } from "../engine/runtime/nodeOrWasm.ts";
import { checkedFiles, checkedOpening } from "./checks.ts";
import { checkedFamily, familyIn } from "./family.ts";
import type { Family, FamilyOptions } from "./familyOptions.ts";
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
  return openIn(source, nodeEnvironment(await runtimeOf(opening)), filesOf, opening);
}

/**
 * Every variant that transformers.js asks for of a model, or of each model in a folder, ready to be published: what `octet quantize --family` writes
 * (docs/command-line.md). Rejects with InputError.
 */
export async function makeFamily(
  path: string,
  options: FamilyOptions<string | readonly DataFile[]> = {},
): Promise<Family> {
  const { data, runtime } = checkedFamily(options);
  const { parts, folder, notices } = await familyFolder(path);
  const files = data === undefined ? null : await filesOf(data);
  const found = { parts: partsFor(parts, files), beside: await besideModels(folder), notices };
  return familyIn(found, nodeEnvironment(await runtimeOf({ ...(runtime && { runtime }) })), options);
}

async function filesOf(data: string | readonly DataFile[]): Promise<readonly DataFile[]> {
  return typeof data === "string" ? dataFiles(data) : checkedFiles(data, "a path");
}

async function runtimeOf({ runtime }: Pick<OpenOptions, "runtime">) {
  return runtime ?? tellingPeaks(observingApart(withSeparate((await nodeOrWasm()).runtime, false)));
}

export * from "./exports.ts";
