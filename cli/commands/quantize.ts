import type { Calibration, Execution } from "../../src/engine/model/calibration.ts";
import type { CodeSearch } from "../../src/engine/model/codeSearch.ts";
import type { DataFile } from "../../src/engine/model/dataset.ts";
import type { ElementwiseDecision } from "../../src/engine/model/elementwise.ts";
import type { FineTuning } from "../../src/engine/model/finetuning.ts";
import { InputError, type Notice } from "../../src/engine/model/job.ts";
import type { Preprocess, Preset } from "../../src/engine/model/preprocess.ts";
import type { Rounding } from "../../src/engine/model/rounding.ts";
import type { SpeedTrial } from "../../src/engine/model/speed.ts";
import {
  assertTimeable,
  type Project,
  readCalibration,
  readRecipe,
  type SmoothingSearch,
} from "../../src/engine/project/index.ts";
import { listed } from "../../src/engine/values/figures.ts";
import { modelName } from "../../src/engine/values/modelName.ts";
import type { ArgumentsOf } from "../definitions.ts";
import { observingApart } from "../executors.ts";
import { dataSources } from "../files.ts";
import { executionOf, preprocessOf, signerOf } from "../options.ts";
import { passphraseFor } from "../passphrase.ts";
import { checkPreprocess } from "../preprocessCheck.ts";
import { documentOf, openForRecipe, recipeChanges } from "../recipeOptions.ts";
import { assertFolder, Staging } from "../results.ts";
import { terminalRuntime } from "../runtime.ts";
import { withSeparate } from "../separate.ts";
import type { Terminal } from "../terminal.ts";
import { EXIT_UNPROVEN, writeJob } from "../written.ts";
import { familyCommand } from "./family.ts";

type QuantizeValues = ArgumentsOf<"quantize">["values"];

/** Calibrates and quantizes a model and writes every file of the job into one folder. */
export async function quantizeCommand(
  { names: [path], values }: ArgumentsOf<"quantize">,
  terminal: Terminal,
): Promise<number> {
  if (values.family !== null) return familyCommand(path, values, terminal);
  const start = performance.now();
  const changes = recipeChanges(values);
  const saved = await documentOf(values.recipe, readRecipe);
  const cache = await documentOf(values.cache, readCalibration);
  const data = await dataRequest(values, cache !== null);
  const out = values.out ?? `${modelName(path)}.octet`;
  await assertFolder(out);
  const signer = await signerOf(values.sign);
  const passphrase = passphraseFor(values);

  // Threads that observe start at once: not before the arguments are known to be good, nor where nothing is observed.
  const found = withSeparate(await terminalRuntime(terminal), true);
  const runtime = cache ? found : observingApart(found);
  const project = await openForRecipe(path, values, saved, changes, runtime, terminal);
  if (values.goal === "speed") assertTimeable(project.recipe);
  let settled: Calibrated;
  if (cache) settled = reuse(cache, project, values);
  else if (data) settled = await settleOn(data, project, terminal);
  else settled = withoutData(project, values, terminal);
  const staging = new Staging(out);
  try {
    const { keep } = staging;
    const date = new Date().toISOString();
    const result = await project.export({ evaluation: null, date, keep, passphrase }, terminal.context);
    const made = { ...settled, project, result, isEncrypted: values.encrypt, staging, signer, start };
    const { value, lines } = await writeJob(made, out, terminal);
    terminal.result(values.json, value, lines);
    return result.unproven.length > 0 ? EXIT_UNPROVEN : 0;
  } finally {
    await staging.end();
  }
}

interface Calibrated {
  readonly rounding: Rounding | null;
  readonly finetuning: FineTuning | null;
  readonly found: CodeSearch | null;
  readonly smoothing: SmoothingSearch | null;
  readonly elementwise: ElementwiseDecision | null;
  /** What was timed, where that was asked for. */
  readonly speed: SpeedTrial | null;
  /** What the data, or its absence, had to say. */
  readonly notices: readonly Notice[];
}

const RUNNING = ["workers", "threads", "batch", "iterations", "goal"] as const;
const OF_DATA = ["data", "preprocess", "samples", "order", ...RUNNING] as const;

const WITHOUT = {
  equalization: "leave --equalize out",
  smoothing: "leave --smooth out",
  "deciding elementwise operators": "--elementwise join",
  "learned rounding": "--rounding nearest",
  "fine-tuning": "--rounding nearest",
  "codes found on samples": "--algorithm hqq",
  "bias correction": "--bias-correction none",
} as const;

/** Settles what wants nothing of samples; biases are left as they are where nobody asks for their correction. Throws InputError where something wants some. */
function withoutData(project: Project, values: QuantizeValues, terminal: Terminal): Calibrated {
  if (values.goal === "speed") throw new InputError("--goal speed times runs on a sample; give --data PATH.");
  const notices = values["bias-correction"] === null ? project.leaveBiases() : [];
  terminal.notices(notices);
  const wants = project.wants.filter((want) => want !== "calibration");
  if (wants.length < project.wants.length) {
    throw new InputError("quantize needs --data PATH, or --cache FILE from an earlier calibration.");
  }
  if (wants.length > 0) {
    const instead = listed(wants.map((want) => WITHOUT[want]));
    throw new InputError(`quantize needs --data PATH for ${listed(wants)}; give it, or ${instead}.`);
  }
  return { ...project.resolve(), speed: null, notices };
}

/** Settles by a calibration read from a file what that leaves to be settled; nothing more can be learned without samples. */
function reuse(calibration: Calibration, project: Project, values: QuantizeValues): Calibrated {
  const notices: Notice[] = [];
  const warn = (message: string) => notices.push({ kind: "warning", subject: "--cache", message });
  const unused = OF_DATA.filter((name) => values[name] !== null);
  if (unused.length > 0) {
    warn(`${unused.map((name) => `--${name}`).join(", ")} had no effect, since --cache gives the calibration.`);
  }
  project.takeCalibration(calibration).edit({ preprocess: calibration.preprocess, seed: calibration.seed });
  if (project.wants.includes("deciding elementwise operators")) {
    warn(
      "Layers without weights are all quantized, since deciding which takes samples; give --data in place of --cache.",
    );
    project.edit({ elementwise: "join" });
  }
  const { corrections, weights, biases, rounding } = project.recipe;
  if (corrections.bias === "empirical" && !biases) {
    warn("Biases were not corrected, since that takes samples; give --data in place of --cache.");
    project.edit({ corrections: { ...corrections, bias: "none" } });
  }
  if (weights.rounding === "learned" && !rounding) {
    warn("Weights were rounded to nearest, since learning takes samples; give --data in place of --cache.");
    project.edit({ weights: { ...weights, rounding: "nearest" } });
  }
  if (project.wants.includes("fine-tuning")) {
    warn("Weights were rounded to nearest, since fine-tuning takes samples; give --data in place of --cache.");
    project.edit({ weights: { ...project.recipe.weights, rounding: "nearest" } });
  }
  if (project.wants.includes("codes found on samples")) {
    warn(
      "Scales and zero points are those of least error, since those asked for take samples; give --data in place of --cache.",
    );
    project.edit({ weights: { ...project.recipe.weights, algorithm: "hqq" } });
  }
  return { ...project.resolve(), speed: null, notices };
}

interface DataRequest {
  readonly files: readonly DataFile[];
  readonly preprocess: Preprocess | Preset | null;
  /** Null for all. */
  readonly samples: number | null;
  readonly execution: Execution;
  /** Of learning rounding; null for the default. */
  readonly iterations: number | null;
  readonly goal: QuantizeValues["goal"];
}

/** Null where there is nothing to read. */
async function dataRequest(values: QuantizeValues, hasCache: boolean): Promise<DataRequest | null> {
  const { data, samples, iterations, goal } = values;
  const preprocess = await preprocessOf(values.preprocess);
  if (hasCache || data === null) return null;
  return { files: await dataSources(data), preprocess, samples, execution: executionOf(values), iterations, goal };
}

async function settleOn(
  { files, preprocess, samples, execution, iterations, goal }: DataRequest,
  project: Project,
  terminal: Terminal,
): Promise<Calibrated> {
  const data = await project.takeData(files, preprocess);
  terminal.notices(data.notices);
  const checked = await checkPreprocess(project, data, data.samples, terminal);
  const request = { samples: samples ?? data.samples, execution, ...(iterations !== null && { iterations }) };
  const settled = await project.settle(request, terminal.context);
  if (goal !== "speed") return { ...settled, speed: null, notices: [...data.notices, ...checked] };
  const speed = await project.chooseFastest(terminal.context);
  const again = project.isSettled ? settled : await project.settle(request, terminal.context);
  const elementwise = project.recipe.elementwise === "auto" ? settled.elementwise : null;
  const rounding = again.rounding ?? settled.rounding;
  const finetuning = again.finetuning ?? settled.finetuning;
  return {
    rounding,
    finetuning,
    found: settled.found,
    smoothing: settled.smoothing,
    elementwise,
    speed,
    notices: [...data.notices, ...checked],
  };
}
