import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import type { Recipe } from "../../model/recipe.ts";
import { encodeModel } from "../../onnx/encode.ts";
import { nodeRuntime } from "../../runtime/node.ts";
import { SHARED } from "../../testing/shared.ts";
import { readRecipe } from "../documents.ts";
import { type OpenModel, openModel } from "../open.ts";
import { quantizeModel } from "../quantize.ts";
import { context } from "./settledCase.ts";

/**
 * Resolved recipes of every kind, and in `hashes.json` the SHA-256 of the file that each exports. `scripts/recordExports.ts`
 * made them. A hash changes only with what is written on purpose; the commit says why.
 */
export const RECORDED = fileURLToPath(new URL("recorded/", import.meta.url));
export const HASHES = `${RECORDED}hashes.json`;

/** The model that comes with the project; the others are in ../shared. */
export const SAMPLE = "fashion-mnist-dw";

const sample = fileURLToPath(new URL(`../../../../public/sample/${SAMPLE}.onnx`, import.meta.url));

function modelPath(name: string): string {
  return name === SAMPLE ? sample : `${SHARED}models/${name}.onnx`;
}

/** The recorded recipes whose models are here, by model. */
export function recordedRecipes(): ReadonlyMap<string, readonly string[]> {
  const models = new Map<string, string[]>();
  for (const file of readdirSync(RECORDED).sort()) {
    const [, model, kind] = /^(.+)--(.+)\.recipe\.json\.gz$/.exec(file) ?? [];
    if (model && kind && existsSync(modelPath(model))) models.set(model, [...(models.get(model) ?? []), kind]);
  }
  return models;
}

export function recordedRecipe(model: string, kind: string): Recipe {
  const file = `${model}--${kind}.recipe.json.gz`;
  return readRecipe(gunzipSync(readFileSync(RECORDED + file)).toString(), file);
}

export function openRecorded(name: string, inputs: Recipe["inputs"]): Promise<OpenModel> {
  const path = modelPath(name);
  const source = { bytes: new Uint8Array(readFileSync(path)), fileName: `${name}.onnx`, readBeside: async () => null };
  return openModel(source, inputs, nodeRuntime(), context);
}

/** The SHA-256 of the file that a recipe exports, but for what its metadata says of its origin: the form of a recipe grows. */
export function exportedHash(model: OpenModel, recipe: Recipe): string {
  const hash = createHash("sha256");
  for (const chunk of encodeModel(quantizeModel(model, recipe).file)) hash.update(chunk);
  return hash.digest("hex");
}
