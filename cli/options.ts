import { basename, dirname } from "node:path";
import { parsePreprocess } from "../src/engine/job/documents.ts";
import type { ModelSource } from "../src/engine/job/source.ts";
import type { Execution } from "../src/engine/model/calibration.ts";
import type { DataFile } from "../src/engine/model/dataset.ts";
import { InputError } from "../src/engine/model/job.ts";
import { PRESETS, type Preprocess, type Preset } from "../src/engine/model/preprocess.ts";
import { type Arguments, type OptionSpecs, readShapes, readValues } from "./arguments.ts";
import { readBelow, readText, readWhole, singleFile } from "./files.ts";

/** Options that several commands share. */
export const INPUT_OPTIONS = {
  shape: { type: "string", multiple: true },
  input: { type: "string", multiple: true },
} satisfies OptionSpecs;

/** Options about samples, their preparation and how many there are. */
export const DATA_OPTIONS = {
  data: { type: "string" },
  preprocess: { type: "string" },
  samples: { type: "string" },
} satisfies OptionSpecs;

/** Options about how samples are run; a short trial decides what they leave open. */
export const EXECUTION_OPTIONS = {
  workers: { type: "string" },
  threads: { type: "string" },
  batch: { type: "string" },
} satisfies OptionSpecs;

/** What a person fixed. Throws InputError for a number that is none, or below 1. */
export function executionOf(args: Arguments): Execution {
  const [workers, threads, batch] = ["workers", "threads", "batch"].map((name) => args.count(name, 1));
  return { provider: null, workers: workers ?? null, threads: threads ?? null, batch: batch ?? null };
}

export function inputsOf(args: Arguments) {
  return { shapes: readShapes(args.texts("shape")), values: readValues(args.texts("input")) };
}

export async function modelSource(path: string): Promise<ModelSource> {
  return {
    bytes: await readWhole(path),
    fileName: basename(path),
    readBeside: (beside) => readBelow(dirname(path), beside),
  };
}

/** The file of labels; null when it is not given. Throws InputError when there is none of that name. */
export async function labelsOf(args: Arguments): Promise<DataFile | null> {
  const path = args.text("labels");
  return path === null ? null : singleFile(path);
}

/** A preset's name, or the JSON file of a preprocessing; null when not given. */
export async function preprocessOf(args: Arguments): Promise<Preprocess | Preset | null> {
  const given = args.text("preprocess");
  if (given === null) return null;
  const preset = PRESETS.find((name) => name === given);
  if (preset) return preset;
  if (!given.endsWith(".json")) {
    throw new InputError(`--preprocess takes ${PRESETS.join(", ")} or a .json file; not "${given}".`);
  }
  return parsePreprocess(await readText(given), given);
}
