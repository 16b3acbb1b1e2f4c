import { stat } from "node:fs/promises";
import { join } from "node:path";
import type { CodeSearch } from "../src/engine/model/codeSearch.ts";
import type { ElementwiseDecision } from "../src/engine/model/elementwise.ts";
import type { FineTuning } from "../src/engine/model/finetuning.ts";
import type { Notice } from "../src/engine/model/job.ts";
import { refinementText } from "../src/engine/model/refinement.ts";
import type { Rounding } from "../src/engine/model/rounding.ts";
import type { SpeedTrial } from "../src/engine/model/speed.ts";
import {
  type Artifact,
  isReport,
  type Project,
  partsOf,
  type SigningKey,
  type SmoothingSearch,
  signatureName,
  signatures,
  speedNotice,
  totalBytes,
  type Verified,
} from "../src/engine/project/index.ts";
import { plural } from "../src/engine/values/figures.ts";
import { byteSize, duration } from "../src/engine/values/units.ts";
import { codesFigures, codesText } from "./codesText.ts";
import { elementwiseText } from "./elementwiseText.ts";
import { fineTuningFigures, fineTuningText } from "./fineTuningText.ts";
import { executorText } from "./format.ts";
import { removeOthers, type Staging, writeFiles } from "./results.ts";
import { roundingFigures, roundingText } from "./roundingText.ts";
import { smoothingFigures, smoothingText } from "./smoothingText.ts";
import { speedText } from "./speedText.ts";
import type { Terminal } from "./terminal.ts";

/** As for bad input: there is no model to rely on. */
export const EXIT_UNPROVEN = 2;

interface Making {
  /** As it was exported. */
  readonly project: Project;
  /** What learning rounding came to, where it was learned. */
  readonly rounding?: Rounding | null;
  /** What finding codes on samples came to, where it was done. */
  readonly finetuning?: FineTuning | null;
  readonly found?: CodeSearch | null;
  /** What searching for smoothing came to, where it was done. */
  readonly smoothing?: SmoothingSearch | null;
  readonly speed?: SpeedTrial | null;
  /** What was decided of layers without weights, where it was decided now. */
  readonly elementwise?: ElementwiseDecision | null;
  readonly result: Verified;
  /** Whether its files are encrypted: recipe and scales are then not printed either. */
  readonly isEncrypted: boolean;
  /** What of the files is written already. */
  readonly staging?: Staging;
  /** What signs the report; null for nobody. */
  readonly signer: SigningKey | null;
  /** What the data had to say. */
  readonly notices: readonly Notice[];
  /** When the command started, as `performance.now()` says it. */
  readonly start: number;
}

/** Writes the files of a job into a folder, by default one named after the model, and says what was made. */
export async function writeJob(
  {
    project,
    rounding = null,
    finetuning = null,
    found = null,
    smoothing = null,
    elementwise = null,
    speed = null,
    result,
    isEncrypted,
    staging,
    signer,
    notices: before,
    start,
  }: Making,
  folder: string | null,
  terminal: Terminal,
): Promise<{ readonly value: object; readonly lines: readonly string[] }> {
  const { model } = project;
  const out = folder ?? `${model.name}.octet`;
  const written = signer ? [...result.files, ...(await signatures(result.files, signer))] : result.files;
  await writeFiles(out, written, terminal.context.signal, staging);
  await removeOthers(out, result.files);
  const slower = speed && speedNotice(speed, model.fileName);
  const stale = signer ? [] : await staleSignatures(out, result.files);
  const notices = [...(slower ? [slower] : []), ...stale, ...result.notices, ...before];
  terminal.notices(notices.filter(({ kind }) => kind === "warning"));

  const { layers, floatKernels, elsewhere } = project.plan(result.recipe);
  const quantized = layers.filter(({ precision }) => precision !== "float32").length;
  const integer = quantized - floatKernels.length;
  const computedInFloat = elsewhere === undefined ? floatKernels : [];
  const files = written.map((file) => ({ name: file.name, bytes: totalBytes(partsOf(file)) }));
  const seconds = (performance.now() - start) / 1000;
  const {
    observed = [],
    skipped: missed = [],
    executors = [],
    preprocess = null,
    seed = null,
  } = project.calibration ?? {};
  const [samples, skipped] = [observed.length, missed.length];
  return {
    value: {
      model: { name: model.name, sha256: model.sha256, bytes: model.bytes },
      out,
      files,
      bytes: { float: model.bytes, quantized: result.quantized.bytes },
      layers: { total: layers.length, quantized, integer, computedInFloat, ...(elsewhere && { elsewhere }) },
      calibration: {
        samples,
        skipped,
        executors,
        preprocess,
        seed,
      },
      rounding: rounding && roundingFigures(rounding),
      ...(finetuning && { finetuning: fineTuningFigures(finetuning) }),
      codes: found && codesFigures(found),
      ...(result.report.refinement && { refinement: result.report.refinement }),
      smoothing: smoothing && smoothingFigures(smoothing),
      unproven: result.unproven,
      elementwise: elementwise && {
        float: elementwise.unjoined,
        joined: elementwise.joined,
        samples: elementwise.samples,
        sqnr: elementwise.sqnr,
        costly: elementwise.costly,
      },
      speed,
      ...(!isEncrypted && {
        recipe: result.recipe,
        parameters: Object.fromEntries(result.quantized.affine),
      }),
      notices,
      seconds,
      runSeconds: result.runSeconds,
    },
    lines: [
      `${layersText(layers.length, quantized, integer, elsewhere)}${samples > 0 ? ` on ${plural(samples, "sample")}` : ""}${skipped > 0 ? ` (${skipped} skipped)` : ""} in ${duration(1000 * seconds)}${runText(result.runSeconds)}: ${byteSize(model.bytes)} to ${byteSize(result.quantized.bytes)}`,
      ...(speed ? speedText(speed) : []),
      ...(elementwise ? elementwiseText(elementwise) : []),
      ...(smoothing ? smoothingText(smoothing) : []),
      ...(rounding ? [roundingText(rounding)] : []),
      ...(finetuning ? fineTuningText(finetuning) : []),
      ...(found ? codesText(found) : []),
      ...(result.report.refinement ? [`  ${refinementText(result.report.refinement)}`] : []),
      ...executors.map((executor) => `  ${executorText(executor)}`),
      ...files.map(({ name, bytes }) => `  ${join(out, name)} (${byteSize(bytes)})`),
    ],
  };
}

/** Said of a signature that an earlier run left beside a report that is another now. */
async function staleSignatures(out: string, files: readonly Artifact[]): Promise<Notice[]> {
  const paths = files.filter(({ name }) => isReport(name)).map(({ name }) => join(out, signatureName(name)));
  const found = await Promise.all(paths.map((path) => stat(path).catch(() => null)));
  return paths
    .filter((_, i) => found[i])
    .map((subject) => ({
      kind: "warning",
      subject,
      message: `${subject} is the signature of an earlier report and not of this one; sign with --sign KEY, or remove it.`,
    }));
}

/** Told apart where it is long. */
const LEAST_RUN_SECONDS = 1;

function runText(seconds: number): string {
  return seconds < LEAST_RUN_SECONDS ? "" : ` (${duration(1000 * seconds)} of them to run what was written once)`;
}

/** How many layers run in integers; those that are only stored in fewer bits are told apart. */
function layersText(total: number, quantized: number, integer: number, elsewhere?: string): string {
  if (elsewhere !== undefined) {
    return `${quantized} of ${total} layers in bfloat16, for ${elsewhere} to compute in, not run here,`;
  }
  if (integer === quantized) return `${integer} of ${total} layers quantized`;
  if (integer === 0) return `${quantized} of ${total} layers stored in fewer bits and computed in float`;
  return `${integer} of ${total} layers quantized, ${quantized - integer} more stored in fewer bits and computed in float,`;
}
