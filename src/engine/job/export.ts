import { writeCalibration } from "../artifacts/cache.ts";
import type { NamedRange } from "../artifacts/namedRange.ts";
import { writeOrtRanges } from "../artifacts/ortRanges.ts";
import { writeRecipe } from "../artifacts/recipe.ts";
import { writeTensorRtCache } from "../artifacts/tensorrt.ts";
import type { IntegerEnd } from "../emit/integerEnds.ts";
import { methodOf, methodRange } from "../encode/ranges.ts";
import type { WeightAnalysis } from "../model/analysis.ts";
import type { Calibration } from "../model/calibration.ts";
import type { Evaluation } from "../model/evaluation.ts";
import type { JobContext, Notice } from "../model/job.ts";
import type { Recipe } from "../model/recipe.ts";
import { own } from "../model/record.ts";
import type { Report } from "../model/report.ts";
import type { TensorStatistics } from "../model/statistics.ts";
import type { Tuning } from "../model/tuning.ts";
import { encodeModel, totalLength } from "../onnx/encode.ts";
import { missing } from "../recipe/derivations.ts";
import { isEqualized, isSmoothed } from "../recipe/scaling.ts";
import { TOOL } from "../values/tool.ts";
import { byteSize } from "../values/units.ts";
import { type Artifact, fileOf, partsOf } from "./artifact.ts";
import { undecidedRegions } from "./elementwise.ts";
import { scaledName, unprovenName } from "./fileNames.ts";
import { assertScaledFits } from "./fileSize.ts";
import { assertRoundingLearned } from "./learned.ts";
import { equalizedModel, type OpenModel, summarizeModel } from "./open.ts";
import { withOrigin } from "./origin.ts";
import { assertCalibratedFor, type Quantized, quantizeModel, resolveRecipe } from "./quantize.ts";
import { figuresIn, reportOf } from "./report.ts";
import { reportFile, reportPage, textFile } from "./reportFiles.ts";
import { coarseNotices } from "./spare.ts";

export interface ExportRequest {
  readonly recipe: Recipe;
  readonly calibration: Calibration;
  readonly evaluation: Evaluation | null;
  /** When it was made, ISO 8601: the one thing in the files that is not a function of the rest. */
  readonly date: string;
  /** The search that found the recipe. */
  readonly tuning?: Tuning;
  /** What there is to say beside what the export itself has to say: of the recipe as it came, of running the quantized model. */
  readonly notices?: readonly Notice[];
  /** What the recipe came to, where that is known. */
  readonly quantized?: Quantized;
  /** What was found already of weights beside their codes, by name; what is found is added. */
  readonly figures?: Map<string, WeightAnalysis>;
  /** The models, by name, that crash the runtime: they get another name. */
  readonly crashed?: ReadonlySet<string>;
  /** Told how many tensors and weights have their figures, which of a deep model takes a while. */
  readonly report?: JobContext["report"];
}

export interface Exported {
  readonly quantized: Quantized;
  readonly recipe: Recipe;
  readonly files: readonly Artifact[];
  /** As its page has it: it names all files but its own two. */
  readonly report: Report;
  readonly notices: readonly Notice[];
  /** The files that hold a model which crashes the runtime. */
  readonly unproven: readonly string[];
}

const TENSORRT_NOTE =
  "TensorRT 10 deprecates calibration caches and checks the version in the first line; change that line to your TensorRT's version, or use the quantized ONNX file.";

const scaledNote = (by: string) =>
  `The float model after ${by}: it computes what the original does, and the TensorRT cache and the ranges for ONNX Runtime's tool are its tensors'.`;

/** Every file of the job; the model among them is the one that `evaluate` judges. Throws InputError as quantizing does, and for one longer than anything loads. */
export function exportJob(model: OpenModel, request: ExportRequest): Exported {
  const { calibration, evaluation, date, tuning, crashed } = request;
  const nameOf = (name: string) => (crashed?.has(name) ? unprovenName(name) : name);
  assertCalibratedFor(model, request.recipe, calibration);
  assertRoundingLearned(request.recipe);
  const recipe = request.recipe.resolved ? request.recipe : resolveRecipe(model, request.recipe, calibration);
  const quantized = request.quantized ?? quantizeModel(model, recipe);
  const seen = counter(calibration.statistics.size + figuresIn(quantized.plan), request.report);
  const observed = calibration.statistics.size > 0 ? rangeFiles(model, recipe, calibration, quantized, seen) : null;
  const by = isEqualized(recipe) ? "equalized" : isSmoothed(recipe) && observed ? "smoothed" : null;
  const scaled = by && scaledFile(model, recipe, by, nameOf(scaledName(model, by)));
  const { weights } = quantized.written;
  const name = nameOf(quantized.written.name);
  const { notices: said, elsewhere } = summarizeModel(model, recipe);
  const notices: Notice[] = [
    ...growth(model, name, quantized.bytes),
    ...uncorrected(recipe, name),
    ...undecided(model, recipe, name),
    ...(request.notices ?? []),
    ...said,
    ...coarseNotices(quantized.plan, recipe, calibration.statistics),
    ...calibration.notices,
    ...quantized.notices,
    ...quantized.ends.map((end) => endNotice(end, name)),
    ...(observed?.notices ?? []),
    ...(scaled ? [{ kind: "info" as const, subject: scaled.name, message: scaledNote(scalingOf(recipe)) }] : []),
  ];
  const files: Artifact[] = [
    Object.assign(fileOf(name, partsOf(quantized.written)), {
      model: quantized.file,
      ends: quantized.ends,
      ...(elsewhere && { elsewhere }),
      ...(weights && { weights }),
    }),
    ...(weights ? [weights] : []),
    ...(observed?.files ?? []),
    textFile(`${model.name}.recipe.json`, writeRecipe(recipe)),
    ...(scaled ? [scaled] : []),
  ];
  const { figures = new Map() } = request;
  const made = { recipe, calibration, evaluation, tuning, date, quantized, figures, files, notices };
  const report = reportOf(model, made, seen);
  const page = reportPage(report);
  files.push(reportFile(report, page), page);
  return { quantized, recipe, files, report, notices, unproven: [...(crashed ?? [])].map(unprovenName) };
}

/** Reports each hundredth of what is counted. */
function counter(total: number, report: JobContext["report"] = () => undefined): () => void {
  let done = 0;
  return () => {
    done++;
    const isNew = Math.floor((100 * done) / total) > Math.floor((100 * (done - 1)) / total);
    if (isNew) report({ task: "Gathering the figures", done: Math.min(done, total), total, unit: "tensors" });
  };
}

/** How the caller rounds an input, or what the codes of an output stand for. */
function endNotice({ name, kind, scale, zeroPoint }: IntegerEnd, file: string): Notice {
  const how =
    kind === "input"
      ? `int8: it takes round(x / ${scale}) + ${zeroPoint}, half to even, between -128 and 127`
      : `int8: its values are ${scale} * (q - ${zeroPoint})`;
  return { kind: "info", subject: name, message: `The ${kind} ${name} of "${file}" is ${how}.` };
}

/** What scaled a model's channels, in words. */
function scalingOf(recipe: Recipe): string {
  return [isEqualized(recipe) ? "equalization" : [], isSmoothed(recipe) ? "smoothing" : []].flat().join(" and ");
}

function scaledFile(model: OpenModel, recipe: Recipe, by: "equalized" | "smoothed", name: string): Artifact {
  const { observed } = equalizedModel(model, recipe);
  const chunks = encodeModel(withOrigin(observed, model.sha256, recipe));
  assertScaledFits(model, by, totalLength(chunks));
  return { name, chunks, model: observed };
}

/** Said where the file written is larger than the one given. */
function growth({ bytes, original, reference }: OpenModel, subject: string, written: number): Notice[] {
  if (written <= bytes) return [];
  const added =
    "what quantizing adds (scales, zero points, QuantizeLinear layers) takes more than smaller weights save";
  const why =
    original === reference
      ? `its weights are so few that ${added}`
      : `what was not float32 and stays in float is float32 there, or ${added}`;
  const message = `"${subject}" is larger than the float model, ${byteSize(written)} against ${byteSize(bytes)}: ${why}; keep the float model where size is what counts.`;
  return [{ kind: "warning", subject, message }];
}

/** Said where a recipe asks for corrected biases that it does not hold. */
function uncorrected(recipe: Recipe, subject: string): Notice[] {
  if (!missing(recipe).includes("biases")) return [];
  const message = `"${subject}" has no corrected biases, though the recipe asks for them: they have not been learned since it was changed; learn them on data, or set bias correction to none.`;
  return [{ kind: "warning", subject, message }];
}

/** Said where a recipe asks to have layers without weights decided on samples, and they were not. */
function undecided(model: OpenModel, recipe: Recipe, subject: string): Notice[] {
  if (!missing(recipe).includes("unjoined") || undecidedRegions(model, recipe).length === 0) return [];
  const message = `"${subject}" has every layer without weights quantized, since it was not decided on samples which of them gain by it; settle the recipe on data, or choose "join" or "float".`;
  return [{ kind: "warning", subject, message }];
}

/** The files of what calibration observed, and what there is to say of them. */
function rangeFiles(
  { name }: OpenModel,
  recipe: Recipe,
  calibration: Calibration,
  quantized: Quantized,
  seen: () => void,
): { readonly files: readonly Artifact[]; readonly notices: readonly Notice[] } {
  const ranges = namedRanges(recipe, calibration, quantized, seen);
  const tensorRt = writeTensorRtCache(ranges.original);
  const unseen = ranges.unseen.map((tensor) => unseenNotice(tensor, name));
  return {
    files: [
      textFile(`${name}.calibration.json`, writeCalibration(calibration, `${TOOL.name} ${TOOL.version}`)),
      textFile(`${name}.trt.cache`, tensorRt.text),
      textFile(`${name}.ort-ranges.json`, writeOrtRanges(ranges.folded)),
    ],
    notices: [
      { kind: "info", subject: `${name}.trt.cache`, message: TENSORRT_NOTE },
      ...tensorRt.omitted.map((tensor) => ({
        kind: "warning" as const,
        subject: tensor,
        message: `TensorRT's cache format cannot hold the tensor name ${JSON.stringify(tensor)}; it was left out.`,
      })),
      ...unseen,
    ],
  };
}

/**
 * A range for every float activation: of the original file for TensorRT, of the folded model for ONNX Runtime. Members
 * of a range group have the group's; the rest have what the recipe's method finds for them alone.
 */
function namedRanges(
  recipe: Recipe,
  calibration: Calibration,
  { plan }: Quantized,
  seen: () => void,
): { readonly original: NamedRange[]; readonly folded: NamedRange[]; readonly unseen: readonly string[] } {
  const inFolded = new Set(plan.index.inputs.map(({ name }) => name));
  for (const { outputs } of plan.layers) for (const output of outputs) inFolded.add(output);
  const fixed = new Map(plan.groups.map((group) => [group.id, group.fixed]));
  const original: NamedRange[] = [];
  const unseen: string[] = [];
  for (const [name, statistics] of calibration.statistics) {
    const group = plan.groupOf.get(name);
    const known = group === undefined ? null : (fixed.get(group) ?? own(recipe.resolved ?? {}, group));
    const alone = { id: name, members: [name], fixed: null, bounds: null, least: null, whole: false };
    const range = known ?? methodRange(methodOf(name, recipe), alone, statistics, recipe.activations);
    if (inFolded.has(name) || isSeen(statistics)) original.push({ name, range });
    else unseen.push(name);
    seen();
  }
  return { original, folded: original.filter(({ name }) => inFolded.has(name)), unseen };
}

function isSeen({ finite, nan, positiveInfinity, negativeInfinity }: TensorStatistics): boolean {
  return finite + nan + positiveInfinity + negativeInfinity > 0;
}

/** What is folded away is counted in one of eight samples (calibration/seldom.ts). */
function unseenNotice(subject: string, name: string): Notice {
  const message = `${name}.trt.cache has no line for ${subject}, which is folded away and is observed in every eighth sample only: none of those was among the samples; calibrate on more.`;
  return { kind: "warning", subject, message };
}
