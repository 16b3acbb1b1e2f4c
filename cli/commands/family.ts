import { basename, join, resolve } from "node:path";
import type { DataFile } from "../../src/engine/model/dataset.ts";
import type { Evaluation } from "../../src/engine/model/evaluation.ts";
import { InputError, type Notice } from "../../src/engine/model/job.ts";
import type { Preprocess, Preset } from "../../src/engine/model/preprocess.ts";
import type { Runtime } from "../../src/engine/model/runtime.ts";
import {
  type Artifact,
  besideWebgpu,
  type Exported,
  FAMILY_VARIANTS,
  type FamilyVariant,
  floatArtifact,
  noiseOf,
  Project,
  totalBytes,
  worstOutput,
} from "../../src/engine/project/index.ts";
import { byteSize } from "../../src/engine/values/units.ts";
import type { ArgumentsOf } from "../definitions.ts";
import { nodeEnvironment } from "../environment.ts";
import { threadedRuntime } from "../executors.ts";
import { besideModels, dataOf, familyFolder, type Part } from "../familyFolder.ts";
import { familyText, noiseLine, taskOf, type VariantResult } from "../familyText.ts";
import { dataSources } from "../files.ts";
import { RECIPE_OPTIONS } from "../optionGroups.ts";
import { executionOf, inputsOf, modelSource, preprocessOf, quantizedOf } from "../options.ts";
import { checkPreprocess } from "../preprocessCheck.ts";
import { seedOf } from "../recipeOptions.ts";
import { assertFolder, writeFiles } from "../results.ts";
import { terminalRuntime } from "../runtime.ts";
import { withSeparate } from "../separate.ts";
import type { Terminal } from "../terminal.ts";
import { EXIT_UNPROVEN } from "../written.ts";

type Values = ArgumentsOf<"quantize">["values"];

const FLOAT = "fp32";
const UNJUDGED =
  "Fidelity was not judged, since there is no data: give --data PATH to have every file compared with float before you publish it.";

/** Writes every variant of a model, or of each model in a folder, that a library asks for, each judged against float where there is data. */
export async function familyCommand(path: string, values: Values, terminal: Terminal): Promise<number> {
  const start = performance.now();
  assertNoRecipe(values);
  const { parts, folder, notices: found } = await familyFolder(path);
  const preprocess = await preprocessOf(values.preprocess);
  const data = values.data === null ? null : await dataSources(values.data);
  const out = values.out ?? `${basename(resolve(path), ".onnx")}.octet`;
  await assertFolder(out);
  await besideModels(folder, {});
  terminal.notices(found);

  const runtime = threadedRuntime(withSeparate(await terminalRuntime(terminal), true));
  const made: Made[] = [];
  for (const part of parts) {
    const own = data && dataOf(data, part, parts);
    made.push(await makePart({ part, data: own, isAlone: parts.length === 1, preprocess, values, runtime }, terminal));
  }
  if (data && made.every(({ unjudged }) => unjudged !== null)) {
    throw new InputError(`The data fits none of the models: ${made[0]?.unjudged}`);
  }
  const results = made.flatMap((each) => each.results);
  const variants = results.filter(({ dtype }) => dtype !== FLOAT);
  if (variants.every(({ runs }) => runs.native === "not made")) throw new InputError(variants[0]?.says ?? "");
  const beside = await besideModels(folder, dtypeOf(parts, results));
  const models = made.flatMap(({ files }) => files);
  await writeFiles(join(out, "onnx"), models, terminal.context.signal);
  await writeFiles(out, beside.files, terminal.context.signal);

  const noise = results.filter((result) => result.noise !== null);
  const notices: Notice[] = [
    ...noise.map((result) => ({ kind: "warning" as const, subject: result.file!, message: noiseLine(result) })),
    ...found,
    ...beside.notices,
    ...made.flatMap((each) => each.notices),
    ...(data ? [] : [{ kind: "warning" as const, subject: "Fidelity", message: UNJUDGED }]),
  ];
  terminal.notices(notices.filter(({ kind }) => kind === "warning"));
  const files = [
    ...models.map(({ name, chunks }) => ({ name: `onnx/${name}`, bytes: totalBytes(chunks) })),
    ...beside.files.map(({ name, chunks }) => ({ name, bytes: totalBytes(chunks) })),
  ];
  const seconds = (performance.now() - start) / 1000;
  const value = {
    family: values.family,
    noise: noise.map(({ file }) => file),
    judged: made.every(({ judged }) => judged),
    variants: results,
    out,
    files,
    notices,
    seconds,
  };
  const lines = [
    ...familyText(results),
    ...(data ? [] : [UNJUDGED]),
    ...files.map(({ name, bytes }) => `  ${join(out, name)} (${byteSize(bytes)})`),
  ];
  terminal.result(values.json, value, lines);
  return results.some(({ runs }) => runs.native === "crashes") ? EXIT_UNPROVEN : 0;
}

/** Throws InputError where an option is given that a family settles itself. */
function assertNoRecipe(values: Values): void {
  const { order: _, ...settled } = RECIPE_OPTIONS;
  const names = [...(Object.keys(settled) as (keyof typeof settled)[]), "cache", "goal", "iterations"] as const;
  const given = names.filter((name) => values[name] !== null && values[name] !== false);
  if (given.length === 0) return;
  const options = given.map((name) => `--${name}`).join(", ");
  throw new InputError(`--family ${values.family} settles the recipe of every file itself; leave ${options} out.`);
}

interface Making {
  readonly part: Part;
  readonly data: readonly DataFile[] | null;
  /** Whether it is the only part: then data that does not fit is an error. */
  readonly isAlone: boolean;
  readonly preprocess: Preprocess | Preset | null;
  readonly values: Values;
  readonly runtime: Runtime;
}

interface Made {
  readonly results: readonly VariantResult[];
  readonly files: readonly Artifact[];
  readonly notices: readonly Notice[];
  readonly judged: boolean;
  /** Why its data could not be taken. */
  readonly unjudged: string | null;
}

/** Which samples teach, and which judge. */
interface Split {
  readonly taught: number;
  readonly judging: number;
}

async function makePart(making: Making, terminal: Terminal): Promise<Made> {
  const { part, values, runtime } = making;
  const source = await modelSource(part.path);
  const inputs = { ...inputsOf(values), ...quantizedOf(values) };
  const project = await Project.open(source, inputs, nodeEnvironment(runtime), terminal.context);
  project.edit({ seed: seedOf(values.order, null) });
  const notices: Notice[] = [];
  const { split, why } = await splitData(making, project, notices, terminal);
  if (why !== null)
    notices.push({ kind: "warning", subject: part.name, message: `${part.name} was not judged: ${why}` });

  const made = new Map<FamilyVariant["choices"], Variant | string>();
  const results: VariantResult[] = [];
  const files: Artifact[] = [];
  for (const variant of FAMILY_VARIANTS) {
    const file = `${part.name}${variant.suffix}.onnx`;
    if (variant.choices === null) {
      const artifact = await floatArtifact(source, file);
      if (artifact) files.push(artifact);
      results.push(floatResult(part, variant, file, artifact, split !== null));
      continue;
    }
    let one = made.get(variant.choices);
    if (one === undefined) {
      one = await makeVariant(project, variant.choices, split, values, terminal);
      if (typeof one === "string" && variant.otherwise) {
        const other = await makeVariant(project, variant.otherwise, split, values, terminal);
        if (typeof other !== "string") one = { ...other, instead: one };
      }
      made.set(variant.choices, one);
    }
    if (typeof one === "string") {
      results.push({ ...NOTHING, part: part.name, dtype: variant.dtype, says: one });
      notices.push({ kind: "warning", subject: file, message: `"${file}" was not made: ${one}` });
      continue;
    }
    const crashes = one.exported.unproven.length > 0;
    const name = crashes ? file.replace(/onnx$/, "unproven.onnx") : file;
    const written = one.exported.files.find((each) => each.name.endsWith(".onnx"))!;
    files.push({ ...written, name });
    notices.push(...renamed(one.notices, written.name, name));
    if (one.why !== null) {
      notices.push({ kind: "warning", subject: name, message: `"${name}" was not judged: ${one.why}` });
    }
    results.push(resultOf(part, variant, name, one));
  }
  const judged = split !== null && [...made.values()].every((one) => typeof one === "string" || one.why === null);
  return { results, files, notices, judged, unjudged: why };
}

/** Takes a part's data. Throws InputError where that cannot be done, unless there are other parts that it may be for. */
async function splitData(
  { part, data, isAlone, preprocess, values }: Making,
  project: Project,
  notices: Notice[],
  terminal: Terminal,
): Promise<{ readonly split: Split | null; readonly why: string | null }> {
  if (!data) return { split: null, why: null };
  if (data.length === 0) return { split: null, why: `no data is for it; put some into a folder "${part.name}".` };
  try {
    const taken = await project.takeData(data, preprocess);
    terminal.notices(taken.notices);
    const taught = values.samples ?? Math.floor(taken.samples / 2);
    const judging = taken.samples - taught;
    if (taught < 1 || judging < 1) {
      throw new InputError(
        `--family learns on some samples and judges on others, and of ${taken.samples} none is left for one of them; give more, or a smaller --samples.`,
      );
    }
    notices.push(...taken.notices, ...(await checkPreprocess(project, taken, taken.samples, terminal)));
    return { split: { taught, judging }, why: null };
  } catch (error) {
    if (isAlone || !(error instanceof InputError)) throw error;
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

/** A variant, judged where there is data; or why it cannot be made. */
async function makeVariant(
  project: Project,
  choices: NonNullable<FamilyVariant["choices"]>,
  split: Split | null,
  values: Values,
  terminal: Terminal,
): Promise<Variant | string> {
  const { context } = terminal;
  const { corrections } = project.defaultRecipe;
  try {
    project.takeCalibration(null).edit({ ...choices, corrections });
    const left = split ? [] : project.leaveBiases();
    if (split) await project.settle({ samples: split.taught, execution: executionOf(values) }, context);
    else project.resolve();
    const exported = await project.export({ evaluation: null, date: new Date().toISOString() }, context);
    const judged = split && exported.unproven.length === 0 ? await judge(project, split, terminal) : null;
    const [evaluation, why] = typeof judged === "string" ? [null, judged] : [judged, null];
    return {
      exported,
      evaluation,
      why,
      instead: null,
      notices: [...exported.notices, ...left, ...(evaluation?.notices ?? [])],
    };
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return error.message;
  }
}

/** How it compares with float, or why that cannot be said. */
async function judge(project: Project, { taught, judging }: Split, terminal: Terminal): Promise<Evaluation | string> {
  try {
    return await project.evaluate({ skip: taught, samples: judging }, 1, terminal.context);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return error.message;
  }
}

const NOTHING: Omit<VariantResult, "part" | "dtype"> = {
  file: null,
  bytes: null,
  sqnr: null,
  task: null,
  noise: null,
  runs: { native: "not made", wasm: null, webgpu: null, onProcessor: [] },
  says: null,
};

function floatResult(
  { name: part }: Part,
  { dtype }: FamilyVariant,
  file: string,
  artifact: Awaited<ReturnType<typeof floatArtifact>>,
  ran: boolean,
): VariantResult {
  const says = "It is longer in one file than anything loads, so it was left out.";
  if (!artifact) return { ...NOTHING, part, dtype, says };
  const runs = {
    ...PREDICTED,
    native: ran ? "ran once" : "not run",
    onProcessor: besideWebgpu(artifact.model),
  } as const;
  return { ...NOTHING, part, dtype, file: `onnx/${file}`, bytes: totalBytes(artifact.chunks), runs };
}

/** The WASM build has the processor's kernels, and what has none on WebGPU runs on the processor. */
const PREDICTED = { wasm: "predicted", webgpu: "predicted" } as const;

function resultOf(part: Part, { dtype, says }: FamilyVariant, file: string, variant: Variant): VariantResult {
  const { exported, evaluation, instead, notices } = variant;
  const { model, bytes } = exported.quantized;
  const unrun = notices.some(({ message }) => message.includes("not run here"));
  return {
    part: part.name,
    dtype,
    file: `onnx/${file}`,
    bytes,
    sqnr: evaluation && worstOutput(evaluation),
    task: evaluation && taskOf(evaluation),
    noise: evaluation && noiseOf(evaluation),
    runs: {
      native: exported.unproven.length > 0 ? "crashes" : unrun ? "not run" : "ran once",
      ...PREDICTED,
      onProcessor: besideWebgpu(model),
    },
    says: instead === null ? says : `Weights alone are in 8 bits, in blocks of 32: ${instead}`,
  };
}

/** Which file is slower has to be said, where there are several. */
const LATENCY = "latency";

/** Notices that name a file by what it is called in the family. */
function renamed(notices: readonly Notice[], from: string, to: string): Notice[] {
  return notices.map(({ kind, subject, message }) => ({
    kind,
    subject: subject === from || subject === LATENCY ? to : subject,
    message: message.replaceAll(`"${from}"`, `"${to}"`),
  }));
}

/** Which variant the library takes where nobody chooses: q8, or the first that is good where that is noise or was not made. */
function dtypeOf(parts: readonly Part[], results: readonly VariantResult[]): string | Record<string, string> {
  const order = ["q8", "fp16"];
  const chosen = parts.map(({ name }): readonly [string, string] => {
    const good = results.filter(
      ({ part, file, noise, runs }) => part === name && file !== null && noise === null && runs.native !== "crashes",
    );
    return [name, order.find((dtype) => good.some((each) => each.dtype === dtype)) ?? FLOAT];
  });
  return chosen.length === 1 ? chosen[0]![1] : Object.fromEntries(chosen);
}
