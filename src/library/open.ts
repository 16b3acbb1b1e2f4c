import type { DataFile } from "../engine/model/dataset.ts";
import type { Evaluation } from "../engine/model/evaluation.ts";
import { InputError, type JobContext } from "../engine/model/job.ts";
import type { Recipe } from "../engine/model/recipe.ts";
import { type Artifact, Project as Engine, type Environment, type ModelSource } from "../engine/project/index.ts";
import { sameRecipe } from "../engine/recipe/basis.ts";
import { unlearned } from "../engine/recipe/change.ts";
import { assertCount, assertDrop, checkedChoices, checkedPreprocess } from "./checks.ts";
import type { JobOptions, OpenOptions, Project, WrittenFile } from "./project.ts";

const SENSITIVITY_SAMPLES = 16;
const MAX_DROP = 1;

/** Opens a model where `environment` runs it; `filesOf` says which files hold the data that a caller names. */
export async function openIn<Data>(
  source: ModelSource,
  environment: Environment,
  filesOf: (data: Data) => Promise<readonly DataFile[]>,
  { shapes = {}, values = {}, ...options }: OpenOptions,
): Promise<Project<Data>> {
  const engine = await Engine.open(source, { shapes, values }, environment, contextOf(options));
  let isBusy = false;
  let calibrated: number | null = null;
  let judged: { readonly evaluation: Evaluation; readonly recipe: Recipe } | null = null;

  function assertIdle(): void {
    if (isBusy) throw new InputError("A job is running on this project; wait for it or cancel it.");
  }

  async function job<T>(options: JobOptions, work: (context: JobContext) => Promise<T>): Promise<T> {
    assertIdle();
    isBusy = true;
    try {
      return await work(contextOf(options));
    } finally {
      isBusy = false;
    }
  }

  /** Samples there are, of those that are asked for. */
  function rangeOf({ skip = 0, samples }: { readonly skip?: number; readonly samples: number | undefined }) {
    const rest = Math.max(0, (engine.data?.samples ?? 0) - assertCount("skip", skip, 0));
    return { skip, samples: samples === undefined ? rest : Math.min(assertCount("samples", samples, 1), rest) };
  }

  async function settle(context: JobContext): Promise<void> {
    if (engine.isSettled && engine.calibration) return;
    if (calibrated !== null) await engine.settle({ samples: calibrated }, context);
    else if (engine.wants.length === 0) engine.resolve();
    else
      throw new InputError(`The recipe takes samples for ${engine.wants.join(" and ")}; call useData, then calibrate.`);
  }

  async function exported(context: JobContext) {
    await settle(context);
    const evaluation = judged && sameRecipe(judged.recipe, engine.recipe) ? judged.evaluation : null;
    return engine.export({ evaluation, date: new Date().toISOString() }, context);
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
      engine.edit(checkedChoices(engine.recipe, choices));
    },
    useData: (data, { preprocess, labels } = {}) =>
      job({}, async () => {
        const [table, second] = labels === undefined ? [] : await filesOf(labels);
        if (second) throw new InputError("labels is one file; name it alone.");
        const summary = await engine.takeData(await filesOf(data), checkedPreprocess(preprocess), table);
        calibrated = null;
        judged = null;
        return summary;
      }),
    calibrate: ({ samples, ...options } = {}) =>
      job(options, async (context) => {
        const range = rangeOf({ samples });
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
      job(options, async (context) => {
        const { files, notices } = await exported(context);
        const [model, ...others] = files;
        const names = new Set(others.map(({ name }) => name));
        return { ...written(model!), notices: notices.filter(({ subject }) => !names.has(subject)) };
      }),
    sensitivity: ({ samples = SENSITIVITY_SAMPLES, ...options } = {}) =>
      job(options, async (context) => {
        const range = rangeOf({ samples });
        await settle(context);
        return engine.sensitivity({ ...range, untilSettled: true }, context);
      }),
    evaluate: ({ skip = 0, samples, maxDrop = MAX_DROP, ...options } = {}) =>
      job(options, async (context) => {
        const range = rangeOf({ skip, samples });
        assertDrop(maxDrop);
        await settle(context);
        const evaluation = await engine.evaluate(range, maxDrop / 100, context);
        judged = { evaluation, recipe: engine.recipe };
        return evaluation;
      }),
    export: (options = {}) =>
      job(options, async (context) => {
        const { files, notices } = await exported(context);
        return { files: files.map(written), notices };
      }),
  };
}

const written = ({ name, chunks }: Artifact): WrittenFile => ({ name, chunks: chunks as WrittenFile["chunks"] });

function contextOf({ signal = new AbortController().signal, onProgress = () => undefined }: JobOptions): JobContext {
  return { signal, report: onProgress };
}
