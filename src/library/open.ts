import type { DataFile } from "../engine/model/dataset.ts";
import type { Evaluation } from "../engine/model/evaluation.ts";
import { InputError, type JobContext, type Notice } from "../engine/model/job.ts";
import type { Recipe } from "../engine/model/recipe.ts";
import { DEFAULT_TARGET } from "../engine/model/target.ts";
import {
  type Artifact,
  Project as Engine,
  type Environment,
  type ModelSource,
  readCalibration,
  readRecipe,
} from "../engine/project/index.ts";
import { sameRecipe } from "../engine/recipe/basis.ts";
import { unlearned } from "../engine/recipe/change.ts";
import { listed } from "../engine/values/figures.ts";
import {
  assertCount,
  assertDrop,
  assertNames,
  checkedChoices,
  checkedContext,
  checkedInputs,
  checkedPassphrase,
  checkedPreprocess,
  checkedTarget,
  documentOf,
} from "./checks.ts";
import type { JobOptions, OpenOptions, Project, WrittenFile } from "./project.ts";
import { sourceOf } from "./source.ts";

const SENSITIVITY_SAMPLES = 16;
const MAX_DROP = 1;

/** Opens a model where `environment` runs it; `filesOf` says which files hold the data that a caller names. */
export async function openIn<Data>(
  source: ModelSource,
  environment: Environment,
  filesOf: (data: Data) => Promise<readonly DataFile[]>,
  options: OpenOptions,
): Promise<Project<Data>> {
  const saved = documentOf("recipe", options.recipe, readRecipe);
  const seen = documentOf("calibration", options.calibration, readCalibration);
  const engine = await Engine.open(source, checkedInputs(options, saved), environment, checkedContext(options));
  if (saved) engine.adopt(saved);
  if (seen) engine.takeCalibration(seen).edit({ preprocess: seen.preprocess, seed: seen.seed });
  let isBusy = false;
  let calibrated: number | null = null;
  let judged: { readonly evaluation: Evaluation; readonly recipe: Recipe } | null = null;

  function assertIdle(): void {
    if (isBusy) throw new InputError("A job is running on this project; wait for it or cancel it.");
  }

  /** Runs one job at a time; `names` are the options that it has beside those of every job. */
  async function job<T, Options extends JobOptions>(
    options: Options,
    names: readonly (keyof Options)[],
    work: (context: JobContext) => Promise<T>,
  ): Promise<T> {
    assertNames("option", options, [...names, "signal", "onProgress"]);
    const context = checkedContext(options);
    assertIdle();
    isBusy = true;
    try {
      return await work(context);
    } finally {
      isBusy = false;
    }
  }

  /** Samples there are, of those that are asked for. */
  function rangeOf(samples: number | undefined, skip = 0, all = engine.data?.samples ?? 0) {
    const rest = Math.max(0, all - assertCount("skip", skip, 0));
    return { skip, samples: samples === undefined ? rest : Math.min(assertCount("samples", samples, 1), rest) };
  }

  async function labelsOf(labels: Data | undefined): Promise<DataFile | null> {
    const [table = null, second] = labels === undefined ? [] : await filesOf(labels);
    if (second) throw new InputError("labels is one file; name it alone.");
    return table;
  }

  let left: readonly Notice[] = [];

  async function settle(context: JobContext): Promise<void> {
    if (engine.isSettled && engine.calibration) return;
    left = engine.leaveBiases();
    const { wants, notices } = engine;
    if (calibrated !== null) await engine.settle({ samples: calibrated }, context);
    else if (wants.length === 0) engine.resolve();
    else {
      const [dropped] = notices;
      throw new InputError(
        dropped?.message ?? `The recipe takes samples for ${listed(wants)}; call useData, then calibrate.`,
      );
    }
  }

  async function exported(context: JobContext, passphrase: string | null = null) {
    await settle(context);
    const evaluation = judged && sameRecipe(judged.recipe, engine.recipe) ? judged.evaluation : null;
    const result = await engine.export({ evaluation, date: new Date().toISOString(), passphrase }, context);
    return { ...result, notices: [...left, ...result.notices] };
  }

  return {
    runtime: environment.runtimes.main.label,
    get summary() {
      return engine.summary;
    },
    get recipe() {
      return engine.recipe;
    },
    change(choices) {
      assertIdle();
      const { target, ...others } = checkedChoices(engine.recipe, choices);
      if (target) engine.aim(target);
      engine.edit(others);
    },
    async useData(data, options = {}) {
      assertNames("option", options, ["preprocess", "labels"]);
      return job({}, [], async () => {
        const table = await labelsOf(options.labels);
        const summary = await engine.takeData(await filesOf(data), checkedPreprocess(options.preprocess), table);
        calibrated = null;
        judged = null;
        return summary;
      });
    },
    advise: (options = {}) =>
      job(options, ["target", "samples"], async (context) => {
        const target = checkedTarget(options.target ?? engine.recipe.target ?? DEFAULT_TARGET);
        const { samples } = options;
        if (samples !== undefined) assertCount("samples", samples, 2);
        return engine.data ? engine.adviseOn(target, context, samples) : engine.advise(target);
      }),
    calibrate: (options = {}) =>
      job(options, ["samples"], async (context) => {
        const range = rangeOf(options.samples);
        const { recipe, calibration } = engine;
        try {
          engine.adopt(unlearned(recipe)).takeCalibration(null);
          const settled = await engine.settle(range, context);
          calibrated = range.samples;
          return settled.calibration;
        } catch (error) {
          engine.adopt(recipe).takeCalibration(calibration);
          throw error;
        }
      }),
    quantize: (options = {}) =>
      job(options, [], async (context) => {
        const { files, notices, unproven } = await exported(context);
        const [model, ...others] = files;
        const crash = notices.find(({ subject }) => subject === model!.name && unproven.includes(subject));
        if (crash) throw new InputError(crash.message);
        const names = new Set(others.map(({ name }) => name));
        return { ...written(model!), notices: notices.filter(({ subject }) => !names.has(subject)) };
      }),
    sensitivity: (options = {}) =>
      job(options, ["samples"], async (context) => {
        const range = rangeOf(options.samples ?? SENSITIVITY_SAMPLES);
        await settle(context);
        return engine.sensitivity({ ...range, untilSettled: true }, context);
      }),
    refinement: (options = {}) =>
      job(options, [], async (context) => {
        await settle(context);
        return engine.refinement(context);
      }),
    evaluate: (options = {}) =>
      job(options, ["data", "labels", "skip", "samples", "maxDrop"], async (context) => {
        const { data, labels, skip, samples, maxDrop } = options;
        assertDrop(maxDrop ?? MAX_DROP);
        if (labels !== undefined && data === undefined) {
          throw new InputError(
            "labels are those of data that is given beside them; give labels of the project's data to useData.",
          );
        }
        const beside = data === undefined ? null : await engine.openBeside(await filesOf(data), await labelsOf(labels));
        const range = { ...rangeOf(samples, skip, beside?.length), speeds: true };
        await settle(context);
        const measured = await engine.evaluate(range, (maxDrop ?? MAX_DROP) / 100, context, beside ?? undefined);
        const evaluation = { ...measured, notices: [...(beside?.notices ?? []), ...measured.notices] };
        if (maxDrop !== undefined) assertJudged(evaluation);
        judged = { evaluation, recipe: engine.recipe };
        return evaluation;
      }),
    readQuantized: (file, options = {}) => job(options, [], () => engine.readBeside(sourceOf(file, "in memory"))),
    drift: (options) =>
      job(options, ["data", "skip", "samples"], async (context) => {
        const { data, skip, samples } = options;
        if (data === undefined) throw new InputError("drift takes data, the new samples.");
        const beside = await engine.openBeside(await filesOf(data), null, engine.calibration ?? engine.recipe);
        return engine.drift(rangeOf(samples, skip, beside.length), context, beside);
      }),
    export: (options = {}) =>
      job(options, ["passphrase"], async (context) => {
        const { files, notices } = await exported(context, checkedPassphrase(options.passphrase));
        return { files: files.map(written), notices };
      }),
  };
}

/** A limit that nothing can be held against would always be kept. */
function assertJudged({ verdict, labelled }: Evaluation): void {
  if (verdict) return;
  const why =
    labelled === 0
      ? "no sample has a label; give labels"
      : "the output that top-1 goes by has no class scores, or none that mean something on these samples; mend that";
  throw new InputError(`maxDrop has nothing to be held against: ${why}, or leave maxDrop out.`);
}

const written = ({ name, chunks }: Artifact): WrittenFile => ({ name, chunks: chunks as WrittenFile["chunks"] });
