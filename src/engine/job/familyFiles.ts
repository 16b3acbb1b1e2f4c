import type { DataFile } from "../model/dataset.ts";
import { InputError, type Notice } from "../model/job.ts";
import type { Artifact } from "./artifact.ts";
import { isVariantName } from "./family.ts";

/** What transformers.js calls parts of models that are more than one; what stands alone is "model". */
const PART_NAMES: ReadonlySet<string> = new Set(
  "model encoder_model decoder_model decoder_model_merged decoder_with_past_model vision_encoder vision_model audio_encoder audio_model speech_encoder text_model text_encoder embed_tokens language_model prompt_encoder_mask_decoder".split(
    " ",
  ),
);

/** What a model that is alone is called, by its file's name without the ending. */
export function loneName(name: string): string {
  return PART_NAMES.has(name) ? name : "model";
}

export interface NamedPart<T> {
  /** What its files are called before what tells them apart. */
  readonly name: string;
  readonly file: T;
}

/**
 * The parts among the models of a folder, by their names without the ending; variants of others are left out, which is said.
 * `where` is what the folder is called in messages. Throws InputError where there is none.
 */
export function partsAmong<T>(
  models: readonly NamedPart<T>[],
  where: string,
): { readonly parts: readonly NamedPart<T>[]; readonly notices: readonly Notice[] } {
  if (models.length === 0) {
    throw new InputError(`${where} holds no .onnx file, nor does a folder "onnx" in it; name a model or its folder.`);
  }
  const kept = models.filter(({ name }) => !isVariantName(name));
  if (kept.length === 0) {
    throw new InputError(
      `${where} holds variants alone (${models[0]!.name}.onnx); give the float models that they are of.`,
    );
  }
  const parts = kept.map(({ name, file }) => ({ name: kept.length === 1 ? loneName(name) : name, file }));
  const left = models.filter(({ name }) => isVariantName(name)).map(({ name }) => `${name}.onnx`);
  const message = `${left.join(", ")} were left out: their names say that they are variants, which are made anew of the float models.`;
  return { parts, notices: left.length > 0 ? [{ kind: "info", subject: left[0]!, message }] : [] };
}

/** The files of a folder, by their paths, that hold its models: its own, or those of its folder `onnx` where it has none. Names are without the ending, in order. */
export function modelsAmong<T extends { readonly path: string }>(files: readonly T[]): readonly NamedPart<T>[] {
  const inside = (folder: string) =>
    files
      .flatMap((file) => {
        const name = file.path.startsWith(folder) ? file.path.slice(folder.length) : "/";
        return /^[^/]+\.onnx$/.test(name) ? [{ name: name.slice(0, -".onnx".length), file }] : [];
      })
      .sort((a, b) => (a.name < b.name ? -1 : 1));
  const own = inside("");
  return own.length > 0 ? own : inside("onnx/");
}

/** A part's data: what lies in a folder of its name, or else what lies in none of another part's. */
export function dataOfPart<D extends Pick<DataFile, "path">>(
  files: readonly D[],
  name: string,
  parts: readonly { readonly name: string }[],
): readonly D[] {
  const foldersOf = ({ path }: D) => path.split("/").slice(0, -1);
  const own = files.filter((file) => foldersOf(file).includes(name));
  if (own.length > 0 || parts.length === 1) return own.length > 0 ? own : files;
  const others = new Set(parts.map((part) => part.name));
  return files.filter((file) => !foldersOf(file).some((folder) => others.has(folder)));
}

const CARRIED =
  /^(generation_config|special_tokens_map|added_tokens|preprocessor_config|processor_config|tokenizer[^/]*|vocab[^/]*|chat_template)\.(json|txt|jinja|model)$|^merges\.txt$|^sentencepiece[^/]*\.model$/;

/** Whether a file of this name goes along with a model as it is. */
export function isCarried(name: string): boolean {
  return CARRIED.test(name);
}

/**
 * A config.json as the library reads it, all else in it kept. `beside` are the names of models whose weights are in a file beside them, which
 * the library looks for where it is told so (src/utils/model-loader.js there). `where` names it in messages. Throws InputError where it
 * is no JSON object.
 */
export function configFile(
  text: string,
  dtype: string | Readonly<Record<string, string>>,
  beside: readonly string[],
  where: string,
): Artifact & { readonly name: "config.json" } {
  let config: unknown;
  try {
    config = JSON.parse(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  if (!isObject(config)) throw new InputError(`${where} is no JSON object; mend it, or take it out of the folder.`);
  const known = config["transformers.js_config"];
  const external = beside.length > 0 && Object.fromEntries(beside.map((name) => [name, true]));
  const settings = { ...(isObject(known) ? known : {}), dtype, use_external_data_format: external };
  const written = `${JSON.stringify({ ...config, "transformers.js_config": settings }, null, 2)}\n`;
  return { name: "config.json", chunks: [new TextEncoder().encode(written)] };
}

/** Said where there is no config.json. */
export function configMissing(where: string): Notice {
  const message = `There is no config.json in ${where}, without which transformers.js loads no model; put the model's own beside the folder "onnx".`;
  return { kind: "warning", subject: "config.json", message };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
