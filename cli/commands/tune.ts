import type { Evaluation } from "../../src/engine/model/evaluation.ts";
import { InputError, type JobContext } from "../../src/engine/model/job.ts";
import { isSampled } from "../../src/engine/model/recipe.ts";
import type { TuneLimit, Tuning } from "../../src/engine/model/tuning.ts";
import { type Project, readRecipe, recordOf } from "../../src/engine/project/index.ts";
import { describeCulprits } from "../culpritsText.ts";
import type { ArgumentsOf } from "../definitions.ts";
import { observingApart } from "../executors.ts";
import { dataSources } from "../files.ts";
import { tellingPeaks } from "../memory.ts";
import { labelsOf, preprocessOf, signerOf } from "../options.ts";
import { passphraseFor } from "../passphrase.ts";
import { checkPreprocess } from "../preprocessCheck.ts";
import { documentOf, openForRecipe, recipeChanges } from "../recipeOptions.ts";
import { assertFolder } from "../results.ts";
import { terminalRuntime } from "../runtime.ts";
import { withSeparate } from "../separate.ts";
import type { Terminal } from "../terminal.ts";
import { describeTuning } from "../tuningText.ts";
import { EXIT_UNPROVEN, writeJob } from "../written.ts";

const EXIT_NOT_KEPT = 1;
const DEFAULT_MAX_DROP = 1;

/**
 * Searches for the smallest, or fastest, model that keeps a limit and writes every file of the best; exits with 1 when
 * none keeps it.
 */
export async function tuneCommand({ names: [path], values }: ArgumentsOf<"tune">, terminal: Terminal): Promise<number> {
  const start = performance.now();
  const changes = recipeChanges(values);
  const { samples, budget } = values;
  if (values.rescue && values.mix) {
    throw new InputError(
      "--rescue ends at the first model that keeps the limit, and --mix goes on to smaller ones; leave one of them out.",
    );
  }
  const wanted = {
    limit: limitOf(values),
    goal: values.goal ?? "size",
    budget,
    ...(values.mix && { mix: true }),
    ...(values.rescue && { rescue: true }),
  };
  const preprocess = await preprocessOf(values.preprocess);
  const labels = await labelsOf(values.labels);
  const files = await dataSources(values.data);
  const saved = await documentOf(values.recipe, readRecipe);
  if (values.out !== null) await assertFolder(values.out);
  const signer = await signerOf(values.sign);
  const passphrase = passphraseFor(values);

  const runtime = tellingPeaks(observingApart(withSeparate(await terminalRuntime(terminal), true)));
  const project = await openForRecipe(path, values, saved, changes, runtime, terminal);
  const { rounding } = project.recipe.weights;
  if (rounding === "learned" || rounding === "finetuned") {
    throw new InputError(
      `tune rounds weights to nearest; give it --rounding nearest, and quantize with --rounding ${rounding} and the recipe that it finds.`,
    );
  }
  if (isSampled(project.recipe.weights)) {
    throw new InputError(
      `tune takes scales of least error; give it --algorithm hqq, and quantize with --algorithm ${project.recipe.weights.algorithm} and the recipe that it finds.`,
    );
  }
  const data = await project.takeData(files, preprocess, labels);
  terminal.notices(data.notices);
  const request = { ...wanted, samples: Math.min(samples ?? Infinity, data.samples) };
  const found = await checkPreprocess(project, data, request.samples, terminal);
  const { context } = terminal;
  const tuning = await project.tune(request, context);
  context.signal.throwIfAborted();

  const evaluation = await judgeAgain(project, tuning, context);
  terminal.notices(evaluation.notices);
  const date = new Date().toISOString();
  const result = await project.export({ evaluation, tuning, date, passphrase }, context);
  const made = { project, result, isEncrypted: values.encrypt, signer, notices: [...data.notices, ...found], start };
  const { value, lines } = await writeJob(made, values.out, terminal);
  const { start: settings, ...record } = recordOf(tuning);
  const told = { ...record, ...(!values.encrypt && { start: settings }) };
  terminal.result(values.json, { ...value, tuning: told, evaluation }, [
    ...describeTuning(tuning),
    "",
    ...(tuning.culprits ? [...describeCulprits(tuning.culprits), ""] : []),
    ...lines,
  ]);
  if (result.unproven.length > 0) return EXIT_UNPROVEN;
  return tuning.chosen === null ? EXIT_NOT_KEPT : 0;
}

function limitOf({
  "max-drop": drop,
  "min-sqnr": decibels,
}: Pick<ArgumentsOf<"tune">["values"], "max-drop" | "min-sqnr">): TuneLimit {
  if (drop !== null && decibels !== null) {
    throw new InputError("--max-drop and --min-sqnr are two limits, and a search has one; leave one of them out.");
  }
  return decibels === null ? { kind: "drop", share: (drop ?? DEFAULT_MAX_DROP) / 100 } : { kind: "sqnr", decibels };
}

/** The whole evaluation of the best point, on the samples that judged it. */
function judgeAgain(project: Project, { split, request }: Tuning, context: JobContext): Promise<Evaluation> {
  const [skip, end] = split.judgement;
  const limit = request.limit.kind === "drop" ? request.limit.share : DEFAULT_MAX_DROP / 100;
  return project.evaluate({ skip, samples: end - skip, speeds: true }, limit, context);
}
