import { basename, dirname } from "node:path";
import type { Execution } from "../src/engine/model/calibration.ts";
import type { DataFile } from "../src/engine/model/dataset.ts";
import { InputError } from "../src/engine/model/job.ts";
import { PRESETS, type Preprocess, type Preset } from "../src/engine/model/preprocess.ts";
import type { Recipe } from "../src/engine/model/recipe.ts";
import { parsePreprocess } from "../src/engine/project/documents.ts";
import { type ModelSource, readPrivateKey, type SigningKey } from "../src/engine/project/index.ts";
import type { Values } from "./arguments.ts";
import { modelBytes, readText, singleFile, weightsBelow } from "./files.ts";
import type { EXECUTION_OPTIONS, INPUT_OPTIONS, MODEL_OPTIONS } from "./optionGroups.ts";

/** What a person fixed. */
export function executionOf({ workers, threads, batch }: Values<typeof EXECUTION_OPTIONS>): Execution {
  return { provider: null, workers, threads, batch };
}

export function inputsOf({ shape, input, state }: Values<typeof INPUT_OPTIONS>) {
  return { shapes: shape, values: input, state };
}

/** What becomes of what is quantized already, as a recipe has it; `saved` has it where the option is left out. */
export function quantizedOf(
  { quantized }: Values<typeof MODEL_OPTIONS>,
  saved?: Recipe["inputs"],
): Pick<Recipe["inputs"], "quantized"> {
  const chosen = quantized ?? saved?.quantized;
  return chosen === "fold" ? { quantized: chosen } : {};
}

export async function modelSource(path: string): Promise<ModelSource> {
  return {
    bytes: await modelBytes(path),
    fileName: basename(path),
    readBeside: (beside) => weightsBelow(dirname(path), beside),
  };
}

/** The file of labels; null when it is not given. Throws InputError when there is none of that name. */
export async function labelsOf(path: string | null): Promise<DataFile | null> {
  return path === null ? null : singleFile(path);
}

/** A preset's name, or the JSON file of a preprocessing; null when not given. */
export async function preprocessOf(given: string | null): Promise<Preprocess | Preset | null> {
  if (given === null) return null;
  const preset = PRESETS.find((name) => name === given);
  if (preset) return preset;
  if (!given.endsWith(".json")) {
    throw new InputError(`--preprocess takes ${PRESETS.join(", ")} or a .json file; not "${given}".`);
  }
  return parsePreprocess(await readText(given), given);
}

/** What signs a report, by the file of its key; null where there is none. Throws InputError where that holds no private key. */
export async function signerOf(path: string | null): Promise<SigningKey | null> {
  return path === null ? null : readPrivateKey(await readText(path), path);
}
