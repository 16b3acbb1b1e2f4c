import plain from "@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm.wasm?url";
import simd from "@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm?url";
import { bytesOf } from "../../workers/bytesOf.ts";
import { browserDecoders } from "../../workers/decoders.ts";
import { sharesMemory } from "../../workers/sharedMemory.ts";
import type { DataFile } from "../engine/model/dataset.ts";
import { type Environment, familyAmong } from "../engine/project/index.ts";
import { packagedWasm } from "../engine/runtime/packagedWasm.ts";
import { checkedFiles, checkedOpening } from "./checks.ts";
import { checkedFamily, familyIn } from "./family.ts";
import type { Family, FamilyOptions } from "./familyOptions.ts";
import { openIn } from "./open.ts";
import type { ModelBytes, OpenOptions, Project } from "./project.ts";
import { sourceOf } from "./source.ts";

/**
 * Opens an ONNX model, a file or in memory, on ONNX Runtime's WASM build, in the page or worker that calls: with threads where it is
 * cross-origin isolated. Data are files, as an input element or a drop gives them. Rejects with InputError.
 */
export async function openProject(
  model: File | ModelBytes,
  options: OpenOptions = {},
): Promise<Project<Iterable<File> | readonly DataFile[]>> {
  const given = model instanceof File ? { name: model.name, bytes: await bytesOf(model, model.name) } : model;
  const source = sourceOf(given, "a File");
  const opening = checkedOpening(options);
  return openIn(source, await environmentOf(opening), async (data) => filesOf(data), opening);
}

/**
 * Every variant that transformers.js asks for of the models in a folder, ready to be published, made in the page or worker that calls. `folder` is its files, as an input
 * with `webkitdirectory` gives them. Rejects with InputError.
 */
export async function makeFamily(
  folder: Iterable<File> | readonly DataFile[],
  options: FamilyOptions<Iterable<File> | readonly DataFile[]> = {},
): Promise<Family> {
  const { data, runtime } = checkedFamily(options);
  const found = await familyAmong(filesOf(folder), data === undefined ? null : filesOf(data));
  return familyIn(found, await environmentOf({ ...(runtime && { runtime }) }), options);
}

async function environmentOf({ runtime }: Pick<OpenOptions, "runtime">): Promise<Environment> {
  const main = runtime ?? (await packagedWasm(sharesMemory() ? navigator.hardwareConcurrency : 1));
  const learner = async () => (await import("../engine/learning/wasm.ts")).wasmLearner({ simd, plain });
  const machine = `this browser (${navigator.hardwareConcurrency} cores)`;
  return { runtimes: { main, accelerator: null, learner }, decoders: browserDecoders, machine };
}

function filesOf(data: Iterable<File> | readonly DataFile[]): readonly DataFile[] {
  return checkedFiles(isIterable(data) ? Array.from(data, dataFile) : data, "a list of files");
}

function isIterable(data: unknown): data is Iterable<unknown> {
  return typeof data === "object" && data !== null && Symbol.iterator in data;
}

function dataFile(file: File | DataFile): DataFile {
  if (!(file instanceof File)) return file;
  const path = file.webkitRelativePath || file.name;
  const { size } = file;
  return { path, size, read: (start = 0, end = size) => bytesOf(file.slice(start, end), path) };
}

export * from "./exports.ts";
