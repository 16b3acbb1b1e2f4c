import type { DataFile } from "../engine/model/dataset.ts";
import { InputError, type JobContext } from "../engine/model/job.ts";
import { PREPROCESS, PRESETS, type Preprocess, type Preset } from "../engine/model/preprocess.ts";
import { read } from "../engine/model/read.ts";
import { RECIPE, type Recipe } from "../engine/model/recipe.ts";
import { TARGET_NAMES, type TargetName } from "../engine/model/target.ts";
import { unlearned } from "../engine/recipe/change.ts";
import { withInputs } from "../engine/recipe/inputs.ts";
import type { Choices, JobOptions, OpenOptions } from "./project.ts";

const CHOICES = [
  "target",
  "activations",
  "weights",
  "corrections",
  "method",
  "methods",
  "ranges",
  "format",
  "ends",
  "float",
  "elementwise",
  "seed",
] as const satisfies (keyof Choices)[];

/** Settings as a recipe file may hold them: callers need not be TypeScript. Throws InputError. */
export function checkedChoices(recipe: Recipe, given: Choices): Choices {
  assertNames("choice", given, CHOICES);
  const names = CHOICES.filter((name) => given[name] !== undefined);
  const chosen = Object.fromEntries(names.map((name) => [name, given[name]]));
  const changed = read(RECIPE, { ...unlearned(recipe), ...chosen }, "the recipe");
  return Object.fromEntries(names.map((name) => [name, changed[name]]));
}

/** Throws InputError for options that there are not: one that is misspelt would do nothing. */
export function assertNames<T extends object>(what: "choice" | "option", given: T, names: readonly (keyof T)[]): void {
  if (typeof given !== "object" || given === null) {
    throw new InputError(`An object of ${what}s is wanted, with ${names.join(", ")}; not ${given}.`);
  }
  const unknown = (Object.keys(given) as (keyof T)[]).find((name) => !names.includes(name));
  if (unknown !== undefined) {
    throw new InputError(`There is no ${what} "${String(unknown)}"; there are ${names.join(", ")}.`);
  }
}

/** How a job is told of and cancelled. Throws InputError for what can do neither. */
export function checkedContext({
  signal = new AbortController().signal,
  onProgress = () => undefined,
}: JobOptions): JobContext {
  if (typeof signal?.throwIfAborted !== "function") {
    throw new InputError("signal is an AbortSignal, as of AbortSignal.timeout(1000) or new AbortController().signal.");
  }
  if (typeof onProgress !== "function")
    throw new InputError("onProgress is a function of { task, done, total, unit }.");
  return { signal, report: onProgress };
}

const OPENING = [
  "shapes",
  "values",
  "quantized",
  "state",
  "recipe",
  "calibration",
  "runtime",
  "signal",
  "onProgress",
] as const satisfies (keyof OpenOptions)[];

/** What a model is opened with, so far as it stands without the model. Throws InputError. */
export function checkedOpening(given: OpenOptions): OpenOptions {
  assertNames("option", given, OPENING);
  if (given.runtime === undefined || typeof given.runtime?.createSession === "function") return given;
  throw new InputError(
    "runtime is what wasmRuntime makes, or what else has the type Runtime; leave it out for ONNX Runtime's own.",
  );
}

/** Inputs of the recipe that is given, and those given beside it, which go before. Throws InputError. */
export function checkedInputs(
  { shapes, values, state, quantized }: OpenOptions,
  recipe: Recipe | null,
): Recipe["inputs"] {
  if (quantized !== undefined && quantized !== "keep" && quantized !== "fold") {
    throw new InputError(`quantized is "keep" or "fold", not ${JSON.stringify(quantized)}.`);
  }
  const whole = { shapes: shapes ?? {}, values: values ?? {}, state: state ?? {} };
  const given = read(RECIPE.entries.inputs, whole, "openProject");
  return {
    ...withInputs(recipe?.inputs ?? null, given),
    ...((quantized ?? recipe?.inputs.quantized) === "fold" && { quantized: "fold" }),
  };
}

/** The text of a document; null where it is not given. Throws InputError for anything else. */
export function documentOf<T>(
  name: "recipe" | "calibration",
  given: string | undefined,
  parse: (text: string, fileName: string) => T,
): T | null {
  if (given === undefined) return null;
  if (typeof given === "string") return parse(given, name);
  throw new InputError(`${name} is the text of a file that export wrote; read it as text.`);
}

/** What is encrypted with; null for nothing. Throws InputError for what is no text, or an empty one. */
export function checkedPassphrase(given: string | undefined): string | null {
  if (given === undefined) return null;
  if (typeof given === "string" && given !== "") return given;
  throw new InputError("passphrase is a text that is not empty; leave it out to encrypt nothing.");
}

/** Samples as objects. Throws InputError for anything else. */
export function checkedFiles(given: readonly DataFile[], otherwise: string): readonly DataFile[] {
  const isFile = (file: DataFile) =>
    typeof file?.path === "string" && Number.isSafeInteger(file.size) && typeof file.read === "function";
  if (Array.isArray(given) && given.every(isFile)) return given;
  throw new InputError(`Data and labels are ${otherwise}, or a list of objects with path, size and read.`);
}

/** A preset by its name, or all of its fields. Throws InputError. */
export function checkedPreprocess(given: Preprocess | Preset | undefined): Preprocess | Preset | null {
  if (given === undefined) return null;
  if (typeof given !== "string") return read(PREPROCESS, given, "preprocess");
  if (PRESETS.includes(given)) return given;
  throw new InputError(`preprocess is ${PRESETS.join(", ")} or an object of docs/data.md; not "${given}".`);
}

/** Throws InputError for what is no target's name. */
export function checkedTarget(given: TargetName): TargetName {
  if (TARGET_NAMES.includes(given)) return given;
  throw new InputError(`target is ${TARGET_NAMES.join(", ")}; not "${given}".`);
}

/** Throws InputError for what is no drop of top-1 in points. */
export function assertDrop(maxDrop: number): void {
  if (typeof maxDrop === "number" && maxDrop >= 0) return;
  throw new InputError(`maxDrop is a number of points of at least 0, not ${maxDrop}.`);
}

/** Throws InputError for what is no whole number of at least `least`. */
export function assertCount(name: string, value: number, least: number): number {
  if (Number.isSafeInteger(value) && value >= least) return value;
  throw new InputError(
    `${name} is a whole number of at least ${least}, not ${typeof value === "string" ? `"${value}"` : value}.`,
  );
}
