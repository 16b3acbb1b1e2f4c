import { type Artifact, artifactBytes, fileOf, partsOf } from "../job/artifact.ts";
import type { Exported } from "../job/export.ts";
import { FAMILY_VARIANTS, type FamilyVariant, floatArtifact } from "../job/family.ts";
import { loadingCode } from "../job/familyCode.ts";
import { configFile, configMissing } from "../job/familyFiles.ts";
import { defaultDtypes, notMade, type Place, renamed, resultOf, type Told, toldOnce } from "../job/familyResults.ts";
import { saysNotRun } from "../job/firstRun.ts";
import { modelArtifact } from "../job/modelArtifact.ts";
import type { ModelSource } from "../job/source.ts";
import type { Execution } from "../model/calibration.ts";
import type { DataFile, DataSummary } from "../model/dataset.ts";
import type { Evaluation } from "../model/evaluation.ts";
import { type FamilyName, type FamilySummary, noiseLine, UNJUDGED, type VariantResult } from "../model/family.ts";
import { InputError, type JobContext, type Notice } from "../model/job.ts";
import type { Preprocess, Preset } from "../model/preprocess.ts";
import type { GivenInputs } from "../model/recipe.ts";
import type { Port } from "../model/tensor.ts";
import type { Environment } from "./environment.ts";
import { Project } from "./project.ts";

/** A model of a family. */
export interface FamilyPart {
  /** What its files are called before what tells them apart. */
  readonly name: string;
  /** Reads it, when its turn comes: parts are not held side by side. */
  readonly open: () => Promise<ModelSource>;
  /** The samples that are for it; null where there is no data at all. */
  readonly data: readonly DataFile[] | null;
}

export interface FamilyRequest {
  readonly family: FamilyName;
  readonly parts: readonly FamilyPart[];
  /** Which variants are made; null for all. */
  readonly dtypes: readonly string[] | null;
  /** What goes along as it is, the text of config.json, null without one, and what the folder is called. */
  readonly beside: { readonly carried: readonly Artifact[]; readonly config: string | null; readonly where: string };
  readonly inputs: GivenInputs;
  readonly preprocess: Preprocess | Preset | null;
  /** Of the order of the samples. */
  readonly seed: number | null;
  /** How many samples teach, from the first; half of them where it is null. */
  readonly samples: number | null;
  readonly execution?: Execution;
  /** Looks at the data of a part once it is taken. */
  readonly check?: (project: Project, data: DataSummary) => Promise<readonly Notice[]>;
}

export interface Family extends FamilySummary {
  /** Every file, by its path in the folder that is to be published. */
  readonly files: readonly Artifact[];
}

/**
 * Every variant of a model, or of each part of one, that a library asks for, each judged against float where there is data: some samples teach, the others
 * judge. What is noise comes first of the notices. Throws InputError where the data fits no part, or nothing at all can be made.
 */
export async function makeFamily(
  request: FamilyRequest,
  environment: Environment,
  context: JobContext,
): Promise<Family> {
  const { parts, dtypes, beside, family } = request;
  const unknown = dtypes?.find((dtype) => !FAMILY_VARIANTS.some((variant) => variant.dtype === dtype));
  if (unknown !== undefined) {
    throw new InputError(
      `${family} asks for no variant "${unknown}"; there are ${FAMILY_VARIANTS.map(({ dtype }) => dtype).join(", ")}.`,
    );
  }
  const { config } = beside;
  const where = `${beside.where}/config.json`;
  if (config !== null) configFile(config, {}, [], where);
  const made: MadePart[] = [];
  for (const [at, part] of parts.entries()) {
    const named = parts.length === 1 ? "" : ` (${part.name}, ${at + 1} of ${parts.length})`;
    const report: JobContext["report"] = (progress) =>
      context.report({ ...progress, task: `${progress.task}${named}` });
    made.push(await makePart(part, request, environment, { signal: context.signal, report }));
  }
  const hasData = parts.some(({ data }) => data !== null);
  if (hasData && made.every(({ unjudged }) => unjudged !== null)) {
    throw new InputError(`The data fits none of the models: ${made[0]?.unjudged}`);
  }
  const variants = made.flatMap(({ results }) => results);
  const quantized = variants.filter(({ dtype }) => dtype !== FLOAT);
  if (quantized.length > 0 && quantized.every(({ file }) => file === null)) {
    throw new InputError(quantized[0]?.says ?? "");
  }
  const chosen = defaultDtypes(parts, variants);
  const dtype = chosen.size === 1 ? [...chosen.values()][0]! : Object.fromEntries(chosen);
  const noise = variants.filter((each) => each.noise !== null);
  const inputs = made[0]?.inputs ?? [];
  const models = made.flatMap(({ files }) => files);
  const divided = models.filter(({ weights }) => weights).map(({ name }) => name);
  return {
    family,
    variants,
    noise: noise.map(({ file }) => file!),
    judged: made.every(({ judged }) => judged),
    inputs,
    load: loadingCode({ dtypes: chosen, variants, inputs, hasConfig: config !== null }),
    notices: [
      ...noise.map((each) => ({ kind: "warning" as const, subject: each.file!, message: noiseLine(each) })),
      ...(config === null ? [configMissing(beside.where)] : []),
      ...made.flatMap(({ notices }) => notices),
      ...toldOnce(
        made.flatMap(({ told }) => told),
        family,
      ),
      ...(hasData ? [] : [{ kind: "warning" as const, subject: "Fidelity", message: UNJUDGED }]),
    ],
    files: [
      ...models
        .flatMap((file) => (file.weights ? [file, file.weights] : [file]))
        .map((file) => fileOf(`onnx/${file.name}`, partsOf(file))),
      ...(config === null ? [] : [configFile(config, dtype, divided, where)]),
      ...beside.carried,
    ],
  };
}

const FLOAT = "fp32";

interface MadePart {
  readonly results: readonly VariantResult[];
  readonly files: readonly Artifact[];
  readonly notices: readonly Notice[];
  readonly told: readonly Told[];
  readonly judged: boolean;
  /** Why its data could not be taken. */
  readonly unjudged: string | null;
  readonly inputs: readonly Port[];
}

/** Which samples teach, and which judge. */
interface Split {
  readonly taught: number;
  readonly judging: number;
}

async function makePart(
  part: FamilyPart,
  request: FamilyRequest,
  environment: Environment,
  context: JobContext,
): Promise<MadePart> {
  const place: Place = environment.runtimes.main.provider === "cpu" ? "native" : "wasm";
  const source = await part.open();
  const project = await Project.open(source, request.inputs, environment, context);
  project.edit({ seed: request.seed });
  const notices: Notice[] = [];
  const { split, why } = await splitData(part, request, project, notices);
  if (why !== null) {
    notices.push({ kind: "warning", subject: part.name, message: `${part.name} was not judged: ${why}` });
  }
  const made = new Map<FamilyVariant["choices"], Variant | string>();
  const results: VariantResult[] = [];
  const files: Artifact[] = [];
  const told: Told[] = [];
  const wanted = FAMILY_VARIANTS.filter(({ dtype }) => request.dtypes?.includes(dtype) ?? true);
  for (const variant of wanted) {
    const { dtype } = variant;
    const file = `${part.name}${variant.suffix}.onnx`;
    if (variant.choices === null) {
      const artifact = await floatArtifact(source, file);
      files.push(artifact);
      notices.push(...dividedNotice(artifact));
      const seen = split ? "ran once" : "not run";
      const whole = { part: part.name, dtype, ...filed(artifact), model: artifact.model };
      results.push(resultOf({ ...whole, evaluation: null, seen, says: null }, place));
      continue;
    }
    let one = made.get(variant.choices);
    if (one === undefined) {
      const naming: JobContext = {
        signal: context.signal,
        report: (progress) => context.report({ ...progress, task: `${dtype}: ${progress.task}` }),
      };
      one = await makeVariant(project, variant, split, request, naming);
      made.set(variant.choices, one);
    }
    if (typeof one === "string") {
      results.push(notMade(part.name, dtype, one));
      notices.push({ kind: "warning", subject: file, message: `"${file}" was not made: ${one}` });
      continue;
    }
    const { exported, evaluation, instead } = one;
    const isCrashing = exported.unproven.length > 0;
    const name = isCrashing ? file.replace(/onnx$/, "unproven.onnx") : file;
    const written = exported.files.find((each) => each.name.endsWith(".onnx"))!;
    const artifact = modelArtifact(exported.quantized.written.model, name);
    files.push(artifact);
    notices.push(...dividedNotice(artifact));
    const left = new Set(exported.files.filter((each) => each !== written).map((each) => each.name));
    const kept = one.notices.filter(({ subject }) => !left.has(subject));
    told.push({ file: name, notices: renamed(kept, written.name, name) });
    if (one.why !== null) {
      notices.push({ kind: "warning", subject: name, message: `"${name}" was not judged: ${one.why}` });
    }
    const unrun = one.notices.some(saysNotRun);
    const { model } = exported.quantized;
    const says = instead === null ? variant.says : `Weights alone are in 8 bits, in blocks of 32: ${instead}`;
    const seen = isCrashing ? "crashes" : unrun ? "not run" : "ran once";
    const whole = { part: part.name, dtype, ...filed(artifact), model, evaluation, seen, says } as const;
    results.push(resultOf(whole, place));
  }
  const judged = split !== null && [...made.values()].every((one) => typeof one === "string" || one.why === null);
  return { results, files, notices, told, judged, unjudged: why, inputs: project.summary.inputs };
}

/** Said of a model whose weights are beside it. */
function dividedNotice({ name, weights }: Artifact): Notice[] {
  if (!weights) return [];
  const message = `"${name}" has its weights beside it, since in one file they would be longer than 2 GiB: WASM holds 4 GiB in all, so try it in a page before you publish it for one.`;
  return [{ kind: "warning", subject: name, message }];
}

/** Where a model is in the folder that is published, and how long it is. */
function filed(artifact: Artifact): Pick<VariantResult, "weights"> & { readonly file: string; readonly bytes: number } {
  const { name, weights } = artifact;
  return { file: `onnx/${name}`, bytes: artifactBytes(artifact), ...(weights && { weights: `onnx/${weights.name}` }) };
}

/** Takes a part's data. Throws InputError where that cannot be done, unless there are other parts that it may be for. */
async function splitData(
  { name, data }: FamilyPart,
  { parts, preprocess, samples, check }: FamilyRequest,
  project: Project,
  notices: Notice[],
): Promise<{ readonly split: Split | null; readonly why: string | null }> {
  if (!data) return { split: null, why: null };
  if (data.length === 0) return { split: null, why: `no data is for it; put some into a folder "${name}".` };
  try {
    const taken = await project.takeData(data, preprocess);
    const taught = samples ?? Math.floor(taken.samples / 2);
    const judging = taken.samples - taught;
    if (taught < 1 || judging < 1) {
      throw new InputError(
        `A family learns on some samples and judges on others, and of ${taken.samples} none is left for one of them; give more, or let fewer teach.`,
      );
    }
    notices.push(...taken.notices, ...((await check?.(project, taken)) ?? []));
    return { split: { taught, judging }, why: null };
  } catch (error) {
    if (parts.length === 1 || !(error instanceof InputError)) throw error;
    return { split: null, why: error.message };
  }
}

interface Variant {
  readonly exported: Exported;
  readonly evaluation: Evaluation | null;
  /** Why there is none, though there is data. */
  readonly why: string | null;
  /** Why it is what a variant is otherwise; null where it is not. */
  readonly instead: string | null;
  readonly notices: readonly Notice[];
}

/** A variant, or what it is otherwise, judged where there is data; or why neither can be made. */
async function makeVariant(
  project: Project,
  { choices, otherwise }: FamilyVariant,
  split: Split | null,
  request: FamilyRequest,
  context: JobContext,
): Promise<Variant | string> {
  const one = await tryVariant(project, choices!, split, request, context);
  if (typeof one !== "string" || !otherwise) return one;
  const other = await tryVariant(project, otherwise, split, request, context);
  return typeof other === "string" ? one : { ...other, instead: one };
}

async function tryVariant(
  project: Project,
  choices: NonNullable<FamilyVariant["choices"]>,
  split: Split | null,
  { execution, family }: FamilyRequest,
  context: JobContext,
): Promise<Variant | string> {
  const { corrections } = project.defaultRecipe;
  try {
    project.takeCalibration(null).edit({ ...choices, corrections, target: family });
    const left = split ? [] : project.leaveBiases();
    if (split) await project.settle({ samples: split.taught, ...(execution && { execution }) }, context);
    else project.resolve();
    const exported = await project.export({ evaluation: null, date: new Date().toISOString() }, context);
    const judged = split && exported.unproven.length === 0 ? await judge(project, split, context) : null;
    const [evaluation, why] = typeof judged === "string" ? [null, judged] : [judged, null];
    const notices = [...exported.notices, ...left, ...(evaluation?.notices ?? [])];
    return { exported, evaluation, why, instead: null, notices };
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return error.message;
  }
}

/** How it compares with float, or why that cannot be said. */
async function judge(project: Project, { taught, judging }: Split, context: JobContext): Promise<Evaluation | string> {
  try {
    return await project.evaluate({ skip: taught, samples: judging }, 1, context);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return error.message;
  }
}
