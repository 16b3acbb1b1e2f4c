import { readdir, stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import type { DataFile } from "../src/engine/model/dataset.ts";
import { InputError, type Notice } from "../src/engine/model/job.ts";
import { type Artifact, isVariantName } from "../src/engine/project/index.ts";
import { readText, readWhole } from "./files.ts";

/** A model of a family. */
export interface Part {
  /** What its files are called before what tells them apart. */
  readonly name: string;
  readonly path: string;
}

export interface FamilyFolder {
  readonly parts: readonly Part[];
  /** Where the files are that go with the models. */
  readonly folder: string;
  readonly notices: readonly Notice[];
}

/** What transformers.js calls parts of models that are more than one; what stands alone is "model". */
const PART_NAMES: ReadonlySet<string> = new Set(
  "model encoder_model decoder_model decoder_model_merged decoder_with_past_model vision_encoder vision_model audio_encoder audio_model speech_encoder text_model text_encoder embed_tokens language_model prompt_encoder_mask_decoder".split(
    " ",
  ),
);

/**
 * The models of a family: a file, or the files of a folder, or of its folder `onnx` where it has none itself; variants of others are
 * left out. Throws InputError where there is none.
 */
export async function familyFolder(path: string): Promise<FamilyFolder> {
  const info = await stat(path).catch(() => null);
  if (!info) throw new InputError(`There is no file ${path}.`);
  if (!info.isDirectory()) {
    const beside = dirname(resolve(path));
    const folder = basename(beside) === "onnx" ? dirname(beside) : beside;
    return { parts: [{ name: loneName(basename(path, ".onnx")), path }], folder, notices: [] };
  }
  const inner = join(path, "onnx");
  const here = await modelsIn(path);
  const from = here.length > 0 ? path : inner;
  const models = here.length > 0 ? here : await modelsIn(inner);
  if (models.length === 0) {
    throw new InputError(`${path} holds no .onnx file, nor does a folder "onnx" in it; name a model or its folder.`);
  }
  const names = models.filter((name) => !isVariantName(name));
  if (names.length === 0) {
    throw new InputError(`${path} holds variants alone (${models[0]}.onnx); give the float models that they are of.`);
  }
  const parts = names.map((name) => ({
    name: names.length === 1 ? loneName(name) : name,
    path: join(from, `${name}.onnx`),
  }));
  const left = models.filter(isVariantName).map((name) => `${name}.onnx`);
  const message = `${left.join(", ")} were left out: their names say that they are variants, which are made anew of the float models.`;
  return { parts, folder: path, notices: left.length > 0 ? [{ kind: "info", subject: left[0]!, message }] : [] };
}

function loneName(name: string): string {
  return PART_NAMES.has(name) ? name : "model";
}

/** Names without their ending, in order. */
async function modelsIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder).catch(() => []);
  return entries
    .filter((name) => /.\.onnx$/.test(name))
    .map((name) => name.slice(0, -".onnx".length))
    .sort();
}

/** A part's data: what lies in a folder of its name, or else what lies in none of another part's. */
export function dataOf(files: readonly DataFile[], { name }: Part, parts: readonly Part[]): readonly DataFile[] {
  const foldersOf = ({ path }: DataFile) => path.split("/").slice(0, -1);
  const own = files.filter((file) => foldersOf(file).includes(name));
  if (own.length > 0 || parts.length === 1) return own.length > 0 ? own : files;
  const others = new Set(parts.map((part) => part.name));
  return files.filter((file) => !foldersOf(file).some((folder) => others.has(folder)));
}

const CARRIED =
  /^(generation_config|special_tokens_map|added_tokens|preprocessor_config|processor_config|tokenizer[^/]*|vocab[^/]*|chat_template)\.(json|txt|jinja|model)$|^merges\.txt$|^sentencepiece[^/]*\.model$/;

/** The files that go with the models, config.json with what transformers.js reads of it. Throws InputError where that is no JSON object. */
export async function besideModels(
  folder: string,
  dtype: string | Readonly<Record<string, string>>,
): Promise<{ readonly files: readonly Artifact[]; readonly notices: readonly Notice[] }> {
  const names = await readdir(folder);
  const carried = names.filter((name) => CARRIED.test(name)).sort();
  const files = await Promise.all(
    carried.map(async (name) => ({ name, chunks: [await readWhole(join(folder, name))] })),
  );
  if (!names.includes("config.json")) {
    const message = `There is no config.json in ${folder}, without which transformers.js loads no model; put the model's own beside the folder "onnx".`;
    return { files, notices: [{ kind: "warning", subject: "config.json", message }] };
  }
  const config = await readConfig(join(folder, "config.json"));
  const known = config["transformers.js_config"];
  const settings = { ...(isObject(known) ? known : {}), dtype, use_external_data_format: false };
  const text = `${JSON.stringify({ ...config, "transformers.js_config": settings }, null, 2)}\n`;
  return { files: [{ name: "config.json", chunks: [new TextEncoder().encode(text)] }, ...files], notices: [] };
}

/** Throws InputError where it is no JSON object. */
async function readConfig(path: string): Promise<Record<string, unknown>> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(await readText(path));
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  if (!isObject(parsed)) throw new InputError(`${path} is no JSON object; mend it, or take it out of the folder.`);
  return parsed;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
