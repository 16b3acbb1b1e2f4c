import { Reading } from "../data/reading.ts";
import { ADVICE_SAMPLES, advise, adviseOn, recipeOf } from "../job/advise.ts";
import { activationValues } from "../job/bitDepth.ts";
import { type CalibrationRequest, calibrate } from "../job/calibrate.ts";
import { clippingOf } from "../job/clipping.ts";
import { deriveBiases } from "../job/correct.ts";
import { type OpenDataset, openData, previewSample, sourcesWithoutData, summarizeData } from "../job/data.ts";
import { Diagnostician, type Measured } from "../job/diagnose.ts";
import { drift } from "../job/drift.ts";
import { evaluateModels } from "../job/evaluate.ts";
import { assertTimeable, chooseFastest } from "../job/fastest.ts";
import { findOnSamples } from "../job/findOnSamples.ts";
import { findPreprocess } from "../job/findPreprocess.ts";
import { fineTune } from "../job/fineTune.ts";
import type { Keep } from "../job/keepWorked.ts";
import { layerTimes } from "../job/latency.ts";
import { assertRoundingLearned } from "../job/learned.ts";
import { learnRounding } from "../job/learnRounding.ts";
import { NodeDetails } from "../job/nodeDetail.ts";
import {
  defaultRecipe,
  type Equalization,
  equalizedModel,
  floatForm,
  type OpenModel,
  openModel,
  type PlanChoices,
  type PlannedChoices,
  runnable,
  summarizeModel,
} from "../job/open.ts";

import { withOperatorsInFloat } from "../job/operatorsInFloat.ts";
import { unseenNotices } from "../job/overlap.ts";
import { predict } from "../job/predict.ts";
import { Prober } from "../job/probe.ts";
import { assertCalibrated, assertRecipeFor, looksResolved, quantizeModel, resolveRecipe } from "../job/quantize.ts";
import { Beside } from "../job/quantizedBeside.ts";
import { readQuantized } from "../job/readQuantized.ts";
import { measureRefinement } from "../job/refinement.ts";
import { assertRunsHere } from "../job/runsHere.ts";
import { sealedFiles } from "../job/sealedFiles.ts";
import { sensitivity, sensitivityOfPart } from "../job/sensitivity.ts";
import {
  assertTaken,
  type Settled,
  type SettleRequest,
  settle,
  settleAlone,
  type Want,
  wantsOfSamples,
} from "../job/settle.ts";
import { calibrateShard, type ShardRequest } from "../job/shards.ts";
import type { ModelSource } from "../job/source.ts";
import { outputsShapedByData } from "../job/standIns.ts";
import { FloatRunner } from "../job/stateRunner.ts";
import { targetFits } from "../job/targetFits.ts";
import { tune } from "../job/tune.ts";
import { type Verified, verifiedExport } from "../job/verifiedExport.ts";
import { walk } from "../job/walk.ts";
import { analyseWeight } from "../job/weights.ts";
import { writtenGraph } from "../job/writtenGraph.ts";
import type { Advice, AdvisedSettings } from "../model/advice.ts";
import type { WeightAnalysis } from "../model/analysis.ts";
import type { Calibration, Execution } from "../model/calibration.ts";
import type { CodeListener, CodeRequest, CodeSearch } from "../model/codeSearch.ts";
import type { Culprits, Diagnosis } from "../model/culprit.ts";
import type { DataFile, DataSummary, InputSource, SamplePreview } from "../model/dataset.ts";
import type { Drift } from "../model/drift.ts";
import type { Evaluation, Probe } from "../model/evaluation.ts";
import type { BlockLearner, FineTuneListener, FineTuneRequest, FineTuning } from "../model/finetuning.ts";
import { takesHalfEnds, takesRanges } from "../model/format.ts";
import { InputError, type JobContext, type Notice } from "../model/job.ts";
import type { LayerTimes } from "../model/latency.ts";
import type { BesideGraph, NodeDetail, WrittenGraph } from "../model/modelGraph.ts";
import type { Prediction } from "../model/prediction.ts";
import type { Preprocess, Preset } from "../model/preprocess.ts";
import type { PreprocessFinding } from "../model/preprocessFinding.ts";
import type { FileWalk, QuantizedBeside } from "../model/quantizedFile.ts";
import type { GivenInputs, Recipe } from "../model/recipe.ts";
import type { Refinement } from "../model/refinement.ts";
import type { Learner, Rounding, RoundingListener, RoundingRequest } from "../model/rounding.ts";
import type { ErrorWalk, Sensitivity } from "../model/sensitivity.ts";
import type { Shard } from "../model/shard.ts";
import type { SpeedTrial } from "../model/speed.ts";
import type { ModelSummary } from "../model/summary.ts";
import type { TargetName } from "../model/target.ts";
import type { TargetFit } from "../model/targetFit.ts";
import type { TuneRequest, Tuning } from "../model/tuning.ts";
import type { PlannedWeightChoices } from "../plan/plannedWeight.ts";
import { type Choices, withOthers, withSettings } from "../recipe/change.ts";
import { missing } from "../recipe/derivations.ts";
import { BESIDE_BLOCKS, withEnds, withFormat, withPreprocess, withTarget } from "../recipe/edits.ts";
import { preparedFor } from "../recipe/preparation.ts";
import type { Environment } from "./environment.ts";

/** Samples from `skip` on, so many at most. */
export interface SampleRange {
  readonly skip: number;
  readonly samples: number;
}

/** What of a recipe decides what the float model computes, and on what. */
export type ModelChoices = Equalization & SampleChoices;

/** What of a recipe decides which samples there are, and how they are prepared. */
export type SampleChoices = Pick<Recipe, "preprocess" | "seed">;

/**
 * A model with its data, its recipe, what calibration saw of it, and the jobs there are on them: the engine's entrance, for
 * workers, the command line and whoever imports it. A change of the recipe drops what was derived from what changed
 * (recipe/derivations.ts). Jobs take the recipe as it is when they are called, report to their context, end with AbortError
 * when it is aborted, and throw InputError for what a person can mend.
 */
export class Project {
  readonly #model: OpenModel;
  readonly #environment: Environment;
  readonly #diagnostician: Diagnostician;
  #recipe: Recipe;
  #notices: readonly Notice[] = [];
  #calibration: Calibration | null = null;
  #data: OpenDataset | null = null;
  #prober: Prober | null = null;
  #written: NodeDetails | null = null;
  #beside: Beside | null = null;

  private constructor(model: OpenModel, environment: Environment) {
    this.#model = model;
    this.#environment = environment;
    this.#diagnostician = new Diagnostician(model);
    this.#recipe = defaultRecipe(model);
  }

  /** Decodes, checks and prepares a model. Throws InputError when it cannot be quantized, or a shape or a value is not for its inputs. */
  static async open(
    source: ModelSource,
    inputs: GivenInputs,
    environment: Environment,
    context: JobContext,
  ): Promise<Project> {
    return new Project(await openModel(source, inputs, environment.runtimes.main, context), environment);
  }

  /** The model's name, its SHA-256 and its size in bytes, as it came. */
  get model(): Pick<OpenModel, "name" | "fileName" | "sha256" | "bytes"> {
    return this.#model;
  }

  get recipe(): Recipe {
    return this.#recipe;
  }

  /** The recipe that the model starts with. */
  get defaultRecipe(): Recipe {
    return defaultRecipe(this.#model);
  }

  /** What the last recipe that was learned for another preparation of the model had to leave behind. */
  get notices(): readonly Notice[] {
    return this.#notices;
  }

  get calibration(): Calibration | null {
    return this.#calibration;
  }

  /** What was read of the data; null before there is any. */
  get data(): DataSummary | null {
    return this.#data && summarizeData(this.#data);
  }

  /** Where each input of the model gets its values. */
  get sources(): readonly InputSource[] {
    return this.#data?.inputs ?? sourcesWithoutData(this.#model);
  }

  /** The class of each sample, in order, null where it is not known; null without labels. */
  get labels(): OpenDataset["labels"] {
    return this.#data ? this.#dataUnder(this.#recipe).labels : null;
  }

  /** The model under the recipe: its layers, what is quantized of them and why not, and which tensors share a range. */
  get summary(): ModelSummary {
    return this.plan(this.#recipe);
  }

  /** How the model fits every target, each with what choosing it sets. */
  get targets(): readonly TargetFit[] {
    return targetFits(this.#model);
  }

  /** What is right for the model on a target by its graph and its weights alone. */
  advise(target: TargetName): Advice {
    return advise(this.#model, target);
  }

  /** The same by what is measured on the first samples, 100 at most: half of them teach, the others judge. The recipe stays as it is. */
  adviseOn(target: TargetName, context: JobContext, samples = ADVICE_SAMPLES): Promise<Advice> {
    const { runtimes, machine } = this.#environment;
    const request = { samples: Math.min(samples, ADVICE_SAMPLES), machine };
    return this.#on(this.#recipe, (data) => adviseOn(this.#model, target, data, request, runtimes, context));
  }

  /** Makes the recipe one for a target with what is advised for it; nothing else of it stays. */
  follow(target: TargetName, settings: AdvisedSettings): this {
    const { preprocess, seed } = this.#recipe;
    this.#recipe = withSettings(recipeOf(this.#model, target, settings), { preprocess, seed });
    return this;
  }

  plan(choices: PlannedChoices): ModelSummary {
    return summarizeModel(this.#model, choices);
  }

  /** Whether the recipe holds all that it asks to be learned. */
  get isSettled(): boolean {
    return missing(this.#recipe).length === 0;
  }

  /** Throws InputError where the recipe's target does not take what it asks for. */
  assertTaken(): void {
    assertTaken(this.#recipe);
  }

  /** What is left to do that takes samples, in words: a calibration that is there needs none. */
  get wants(): readonly Want[] {
    return wantsOfSamples(this.#model, this.#recipe).filter((want) => want !== "calibration" || !this.#calibration);
  }

  /** Leaves bias correction out where weights alone are quantized and there is no data to correct on; gives what there is to say of it. */
  leaveBiases(): readonly Notice[] {
    const { corrections } = this.#recipe;
    if (takesRanges(this.#recipe) || this.#data || !this.wants.includes("bias correction")) return [];
    this.edit({ corrections: { ...corrections, bias: "none" } });
    const message = "Biases were not corrected, since that takes samples; give data to have them corrected.";
    return [{ kind: "info", subject: "Biases", message }];
  }

  /**
   * Takes a recipe in place of the one there is, without what it holds that was learned for another preparation of the model:
   * `notices` say so. Throws InputError when it is another model's, or of a newer Octet.
   */
  adopt(recipe: Recipe): this {
    assertRecipeFor(this.#model, recipe);
    const prepared = preparedFor(recipe, this.#model.generation);
    if (prepared.notices.length > 0) this.#notices = prepared.notices;
    this.#recipe = withSettings(prepared.recipe, { inputs: this.#model.inputs });
    return this;
  }

  /** Makes the recipe one for a target, with what that sets. */
  aim(target: TargetName): this {
    this.#recipe = withTarget(this.#recipe, target);
    return this;
  }

  /** Changes settings; the formats q4f16 and float8 bring the types that they take, and float8 takes its own away again. */
  edit(choices: Choices): this {
    const { format } = choices;
    const isOwn = format === "q4f16" || format === "float8" || this.#recipe.format === "float8";
    const before = format && !takesHalfEnds({ format }) ? withEnds(this.#recipe, "float32") : this.#recipe;
    const recipe = format && isOwn ? withFormat(before, format) : before;
    const { weights } = choices;
    const isNew = weights?.block !== undefined && recipe.weights.block === undefined && !("others" in weights);
    this.#recipe = withSettings(recipe, isNew ? { ...choices, weights: { ...weights, ...BESIDE_BLOCKS } } : choices);
    return this;
  }

  /** Leaves every layer of these operators in float, beside what is left so. Throws InputError for one that the model, as it is prepared, has no layer of. */
  leaveInFloat(operators: readonly string[]): this {
    if (operators.length > 0) this.#recipe = withOperatorsInFloat(this.#model, this.#recipe, operators);
    return this;
  }

  /** Takes what was calibrated before, here or elsewhere. Throws InputError when it is another model's. */
  takeCalibration(calibration: Calibration | null): this {
    if (calibration) assertCalibrated(this.#model, calibration);
    this.#calibration = calibration;
    return this;
  }

  /**
   * Takes samples and labels, in place of those there are. `preprocess` null leaves the choice to the recipe, or else to
   * the engine; label files among the data count where `labels` is null. What other samples taught is dropped. Throws
   * InputError, and InputsMissing where an input is left without values. Cancelled by way of `context` nothing has changed.
   */
  async takeData(
    files: readonly DataFile[],
    preprocess: Preprocess | Preset | null = null,
    labels: DataFile | null = null,
    context: JobContext | null = null,
  ): Promise<DataSummary> {
    const wanted = preprocess ?? this.#recipe.preprocess;
    const reading = context && new Reading(files.length, context);
    const watched = reading ? files.map((file) => reading.watch(file)) : files;
    const data = await this.#open(watched, wanted, labels);
    context?.signal.throwIfAborted();
    reading?.end();
    this.#data = data;
    this.#prober = new Prober(this.#model, this.#environment.runtimes.main);
    this.#calibration = null;
    this.#recipe = withPreprocess(withOthers(this.#recipe, ["data", "samples"]), data.preprocess);
    return summarizeData(data);
  }

  /** A preset fitted to model and data. Throws InputError when it does not suit them. */
  preset(preset: Preset): Preprocess {
    const { preprocess } = this.#opened.withPreprocess(preset);
    if (!preprocess) throw new InputError("Tensors are taken as they are, so no preset applies.");
    return preprocess;
  }

  /**
   * Which preprocessing makes the float model answer as labelled, the recipe's or another, on up to 64 samples of a range;
   * without labels, answer sharpest. Null where there is nothing to go by.
   */
  findPreprocess(
    range: SampleRange,
    context: JobContext,
    choices: SampleChoices = this.#recipe,
  ): Promise<PreprocessFinding | null> {
    const data = this.#dataUnder(choices);
    return findPreprocess(runnable(this.#model.reference), data, range, this.#runtime, context);
  }

  preview(index: number, choices: SampleChoices = this.#recipe): Promise<SamplePreview> {
    return this.#on(choices, (data) => previewSample(data, index));
  }

  /** What the float model answers to a sample; null where it gives no class scores. */
  predict(index: number, { signal }: Pick<JobContext, "signal">, choices: SampleChoices = this.#recipe) {
    return this.#on(
      choices,
      (data): Promise<Prediction | null> => predict(this.#model, data, index, this.#runtime, signal),
    );
  }

  /** Observes the first samples, on the model as the recipe equalizes it; goes on from `resume`. Its ranges are chosen again. */
  async calibrate(
    request: Omit<CalibrationRequest, "preprocess">,
    context: JobContext,
    choices: ModelChoices = this.#recipe,
  ): Promise<Calibration> {
    const model = equalizedModel(this.#model, choices);
    const calibration = await this.#on(choices, (data) => {
      const whole = { ...request, preprocess: data.preprocess };
      return calibrate(model, data, whole, this.#environment.runtimes, context);
    });
    this.#calibration = calibration;
    this.#recipe = withOthers(this.#recipe, ["statistics"]);
    return calibration;
  }

  /** Observes one part of the samples, to be merged with the others: the calibration of the project stays as it is. */
  calibrateShard(request: ShardRequest, context: JobContext): Promise<Shard> {
    const model = equalizedModel(this.#model, this.#recipe);
    return this.#on(this.#recipe, (data) => calibrateShard(model, data, request, this.#environment.runtimes, context));
  }

  /** Derives what the recipe still lacks, in the order of the table; a calibration that fits is used. */
  async settle(request: Omit<SettleRequest, "calibration">, context: JobContext): Promise<Settled> {
    const recipe = this.#recipe;
    const whole = { ...request, calibration: this.#calibration };
    const settled = await this.#on(recipe, (data) =>
      settle(this.#model, recipe, data, whole, this.#environment.runtimes, context),
    );
    return this.#hold(settled);
  }

  /**
   * Times the settled recipe against the float model and against recipes that quantize more or less, on this machine, and takes
   * the quickest, or weights in 8 bits alone where none is faster than float, to be settled again where it is another.
   */
  async chooseFastest(context: JobContext): Promise<SpeedTrial> {
    assertTimeable(this.#recipe);
    if (!this.#calibration) throw new InputError("Nothing is calibrated yet; settle the recipe first.");
    const [recipe, calibration] = [this.#recipe, this.#calibration];
    const found = await this.#on(recipe, (data) =>
      chooseFastest(this.#model, recipe, calibration, data, this.#runtime, context),
    );
    this.#recipe = withSettings(this.#recipe, found.choices);
    return found.trial;
  }

  /** Derives what needs no samples: ranges from the calibration there is, or where none are taken, and analytic biases. */
  resolve(): Settled {
    const calibration = this.#calibration;
    if (!calibration) return this.#hold(settleAlone(this.#model, this.#recipe));
    const recipe = looksResolved(this.#recipe) ? this.#recipe : resolveRecipe(this.#model, this.#recipe, calibration);
    return this.#hold({
      recipe: deriveBiases(this.#model, recipe),
      calibration,
      rounding: null,
      finetuning: null,
      found: null,
      smoothing: null,
      elementwise: null,
    });
  }

  #hold(settled: Settled): Settled {
    this.#recipe = settled.recipe;
    this.#calibration = settled.calibration;
    return settled;
  }

  /** Learns which weights round up and which down, under a recipe with ranges. */
  learnRounding(request: RoundingRequest, learner: Learner, listener: RoundingListener): Promise<Rounding> {
    const recipe = this.#recipe;
    const by = { runtime: this.#runtime, learner };
    return this.#on(recipe, (data) => learnRounding(this.#model, recipe, data, request, by, listener));
  }

  /** Tunes codes, scales and biases block by block from learned rounding on, under a recipe with ranges. */
  fineTune(request: FineTuneRequest, learner: BlockLearner, listener: FineTuneListener): Promise<FineTuning> {
    const recipe = this.#recipe;
    const by = { runtime: this.#runtime, learner };
    return this.#on(recipe, (data) => fineTune(this.#model, recipe, data, request, by, listener));
  }

  /** Finds codes of weights in blocks on samples, under a recipe with ranges. Throws InputError where it asks for none. */
  findCodes(request: CodeRequest, learner: Learner, listener: CodeListener): Promise<CodeSearch> {
    const recipe = this.#recipe;
    const by = { runtime: this.#runtime, learner };
    return this.#on(recipe, (data) => findOnSamples(this.#model, recipe, data, request, by, listener));
  }

  /** Samples beside those of the project, prepared and in the order as the recipe has it, or a calibration: to judge by, not to learn from. Throws InputError. */
  openBeside(
    files: readonly DataFile[],
    labels: DataFile | null = null,
    { preprocess, seed }: SampleChoices = this.#recipe,
  ): Promise<OpenDataset> {
    return this.#open(files, preprocess, labels, seed);
  }

  /**
   * Float against the exact bytes that are exported, on the project's samples if no others are given. `limit` is the drop of
   * top-1 allowed, a share; with `speeds` the start, and throughput by batch, are timed too. Throws InputError where samples among them taught the recipe, or it holds no rounding or codes that it asks for.
   */
  async evaluate(
    { skip, samples, speeds = false }: SampleRange & { readonly speeds?: boolean },
    limit: number,
    context: JobContext,
    data: OpenDataset = this.#dataUnder(this.#recipe),
  ): Promise<Evaluation> {
    assertRunsHere(this.#recipe, "Accuracy");
    assertRoundingLearned(this.#recipe);
    const repeated = await unseenNotices(this.#recipe, data, { skip, samples }, context);
    const quantized = quantizeModel(this.#model, this.#recipe);
    const request = {
      float: { file: runnable(this.#model.reference), bytes: this.#model.bytes },
      quantized: { file: runnable(quantized.model), bytes: quantized.bytes },
      ...{ skip, samples, limit, speeds },
      machine: this.#environment.machine,
      dataShaped: outputsShapedByData(this.#model),
      clipping: clippingOf(this.#model, this.#recipe),
    };
    const evaluation = await released(data, evaluateModels(request, data, this.#runtime, context));
    return { ...evaluation, notices: [...evaluation.notices, ...repeated] };
  }

  /**
   * New samples beside the calibration there is, under the ranges of the recipe: how far they have moved, and whether it still holds. Recipe and
   * calibration stay as they are. Throws InputError where nothing is calibrated, or samples among the new ones calibrated.
   */
  drift(
    range: SampleRange & { readonly execution?: Execution },
    context: JobContext,
    data: OpenDataset,
  ): Promise<Drift> {
    const before = this.#calibration;
    if (!before)
      throw new InputError("Nothing is calibrated yet, so there is nothing that new data could differ from.");
    return released(data, drift(this.#model, this.#recipe, before, data, range, this.#environment.runtimes, context));
  }

  /** Float against what would be exported, on few samples, to see what a change did. Throws InputError as evaluating does. */
  async probe(range: SampleRange, context: JobContext): Promise<Probe> {
    const recipe = this.#recipe;
    return this.#on(recipe, (data) => {
      if (!this.#prober) throw new Error("data was taken without a prober");
      return this.#prober.probe(recipe, data, range, context);
    });
  }

  /** What every layer costs the outputs, alone and regained; `onResult` brings what is known so far. */
  sensitivity(
    request: { readonly samples: number; readonly untilSettled: boolean },
    context: JobContext,
    onResult: (partial: Sensitivity) => void = () => undefined,
  ): Promise<Sensitivity> {
    const recipe = this.#recipe;
    return this.#on(recipe, (data) =>
      sensitivity(this.#model, recipe, data, request, this.#runtime, context, onResult),
    );
  }

  /** The same of one part of the layers, to be merged with the others. */
  sensitivityOfPart(request: { readonly samples: number; readonly part: Shard["shard"] }, context: JobContext) {
    const recipe = this.#recipe;
    return this.#on(recipe, (data) => sensitivityOfPart(this.#model, recipe, data, request, this.#runtime, context));
  }

  /** How long each layer of the model that would be exported takes here. Throws InputError where the runtime keeps no profile. */
  layerTimes(context: JobContext): Promise<LayerTimes> {
    const recipe = this.#recipe;
    return this.#on(recipe, (data) => layerTimes(this.#model, recipe, data, this.#runtime, context));
  }

  /** Float against the exported model at every layer's output, over the first samples. */
  walk(samples: number, context: JobContext): Promise<ErrorWalk> {
    const recipe = this.#recipe;
    return this.#on(recipe, (data) => walk(this.#model, recipe, data, { samples }, this.#runtime, context));
  }

  /** Searches for a smaller or faster model that keeps a limit, and takes the recipe and calibration of the best. */
  async tune(
    request: TuneRequest,
    context: JobContext,
    onPoint: (tuning: Tuning) => void = () => undefined,
  ): Promise<Tuning> {
    const recipe = this.#recipe;
    const found = await this.#on(recipe, (data) =>
      tune(this.#model, recipe, data, request, this.#runtime, context, onPoint),
    );
    this.#recipe = found.tuning.points[found.tuning.best]!.recipe;
    this.#calibration = found.calibration;
    return found.tuning;
  }

  /**
   * Reads a file that any tool quantized, which layer of the model each of its layers is, and the recipe it was made by as far as it tells;
   * `evaluateBeside`, `walkBeside` and `besideGraph` are then of it. Throws InputError when it has nothing quantized, or is of another model.
   */
  async readBeside(source: ModelSource): Promise<QuantizedBeside> {
    const beside = new Beside(this.#model, await readQuantized(source));
    const described = beside.describe();
    this.#beside = beside;
    return described;
  }

  /** Float against the file that was read beside it, on the project's samples, as `evaluate` does against what is exported. */
  evaluateBeside({ skip, samples }: SampleRange, limit: number, context: JobContext): Promise<Evaluation> {
    const { machine } = this.#environment;
    const range = { skip, samples, limit };
    const recipe = this.#recipe;
    return this.#on(recipe, (data) => this.#besideIt.evaluate(data, range, machine, recipe, this.#runtime, context));
  }

  /** Float against that file at every layer's output that both have, over the first samples, and which layers that leaves out. */
  walkBeside(samples: number, context: JobContext): Promise<FileWalk> {
    return this.#on(this.#recipe, (data) => this.#besideIt.walk(data, samples, this.#runtime, context));
  }

  /** The graph of that file, with the layers of the model that its nodes are. */
  besideGraph(): BesideGraph {
    return this.#besideIt.graph();
  }

  get #besideIt(): Beside {
    if (!this.#beside) throw new InputError("No quantized file is open beside the model; open one first.");
    return this.#beside;
  }

  /**
   * What is wrong under the recipe and what helps, worst first; null where nothing was calibrated. `measured` was so under this very
   * recipe.
   */
  diagnose(calibration: Calibration | null, measured?: Measured): Promise<Diagnosis | null> {
    return this.#diagnostician.diagnose(this.#recipe, calibration, measured);
  }

  /** The one list of culprits under the recipe, with what was measured of it, and what the project's calibration saw, if there is one. */
  async culprits(measured: Measured): Promise<Culprits> {
    return (await this.#diagnostician.diagnose(this.#recipe, this.#calibration ?? "unseen", measured))!.culprits;
  }

  /**
   * The graph of the model that would be exported; `node` answers about it until another is asked for. Throws InputError where the recipe
   * is not settled.
   */
  writtenGraph(): WrittenGraph {
    const quantized = quantizeModel(this.#model, this.#recipe);
    this.#written = new NodeDetails(quantized.model.graph!, this.#model.shapes);
    return writtenGraph(quantized);
  }

  /** What a node of the float model, of the one that would be exported, or of the file beside it is; null for one inside another's graph. */
  node(id: string, of: "float" | "written" | "beside", choices: PlanChoices = this.#recipe): NodeDetail | null {
    if (of === "beside") return this.#besideIt.node(id);
    if (of === "written") return this.#written?.of(id) ?? null;
    return new NodeDetails(floatForm(this.#model, choices).graph!, this.#model.shapes).of(id);
  }

  /** Ranges, scales and SQNR of a weight, channel by channel, of the codes that are exported. */
  weight(name: string, choices: PlanChoices & PlannedWeightChoices = this.#recipe): WeightAnalysis {
    return analyseWeight(this.#model, name, choices);
  }

  /** What scales of blocks gain by being found by least error, without data. Throws InputError where none are. */
  refinement(context: JobContext): Promise<Refinement> {
    return measureRefinement(this.#model, this.#recipe, context);
  }

  /** The first `count` values of an activation of the float model on one sample. */
  values(tensor: string, sample: number, count: number, choices: ModelChoices = this.#recipe): Promise<Float32Array> {
    const model = equalizedModel(this.#model, choices);
    return this.#on(choices, (data) => activationValues(model, tensor, data, sample, count, this.#runtime));
  }

  /**
   * Every file of the job, once each model among them has loaded and run. `date` is ISO 8601. Throws InputError when
   * nothing was calibrated, or equalization or rounding is left to be learned; of biases there is a warning. `keep` writes large files down
   * before they are run.
   */
  export(
    parts: {
      readonly evaluation: Evaluation | null;
      readonly tuning?: Tuning | null;
      readonly date: string;
      readonly keep?: Keep;
      /** With it all files but the models are encrypted; null leaves them as they are. */
      readonly passphrase?: string | null;
    },
    context: JobContext,
  ): Promise<Verified> {
    const { evaluation, tuning, date, keep = null, passphrase = null } = parts;
    if (!this.#calibration) throw new InputError("Nothing is calibrated yet; settle the recipe first.");
    const request = {
      recipe: this.#recipe,
      calibration: this.#calibration,
      evaluation,
      date,
      notices: this.#notices,
      ...(tuning && { tuning }),
    };
    const run = async (data: OpenDataset | null) => {
      const { withFitters } = this.#environment.runtimes;
      const made = await verifiedExport(this.#model, request, data, this.#runtime, context, keep, withFitters);
      return passphrase === null ? made : { ...made, files: await sealedFiles(made, passphrase, context) };
    };
    return this.#data ? this.#on(this.#recipe, run) : run(null);
  }

  #open(
    files: readonly DataFile[],
    preprocess: Preprocess | Preset | null,
    labels: DataFile | null,
    seed: number | null = this.#recipe.seed,
  ) {
    const runner = new FloatRunner(runnable(this.#model.reference), this.#runtime);
    return openData(this.#model, files, preprocess, this.#environment.decoders, labels, seed, runner);
  }

  get #runtime() {
    return this.#environment.runtimes.main;
  }

  /** Does a job on the data. */
  #on<T>(choices: SampleChoices, work: (data: OpenDataset) => Promise<T>): Promise<T> {
    const data = this.#dataUnder(choices);
    return released(data, work(data));
  }

  get #opened(): OpenDataset {
    if (!this.#data) throw new InputError("There is no data yet; add some first.");
    return this.#data;
  }

  #dataUnder({ preprocess, seed }: SampleChoices): OpenDataset {
    const data = this.#opened.withSeed(seed);
    return preprocess ? data.withPreprocess(preprocess) : data;
  }
}

/** A job on data, after which nothing of the data is left that runs. */
function released<T>(data: OpenDataset, job: Promise<T>): Promise<T> {
  return job.finally(() => data.sequences?.release());
}
