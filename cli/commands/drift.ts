import type { DriftVerdict } from "../../src/engine/model/drift.ts";
import { InputError } from "../../src/engine/model/job.ts";
import { Project, readCalibration, readRecipe, withInputs } from "../../src/engine/project/index.ts";
import type { ArgumentsOf } from "../definitions.ts";
import { describeDrift } from "../driftText.ts";
import { nodeEnvironment } from "../environment.ts";
import { observingApart } from "../executors.ts";
import { dataSources } from "../files.ts";
import { executionOf, inputsOf, modelSource, quantizedOf } from "../options.ts";
import { readDocumentText } from "../passphrase.ts";
import { firstThere } from "../recipeBeside.ts";
import { documentOf } from "../recipeOptions.ts";
import { terminalRuntime } from "../runtime.ts";
import type { Terminal } from "../terminal.ts";

const EXIT_DRIFTED = 1;
const WRITTEN = /\.calibration\.json(\.age)?$/;

/** Holds new data against a calibration; exits with 1 where that no longer holds. */
export async function driftCommand(
  { names: [path], values }: ArgumentsOf<"drift">,
  terminal: Terminal,
): Promise<number> {
  const cache = readCalibration(await readDocumentText(values.cache), values.cache);
  const recipe = await documentOf(values.recipe ?? (await recipeBeside(values.cache)), readRecipe);
  const files = await dataSources(values.data);

  const runtime = observingApart(await terminalRuntime(terminal));
  const inputs = { ...withInputs(recipe?.inputs ?? null, inputsOf(values)), ...quantizedOf(values, recipe?.inputs) };
  const project = await Project.open(await modelSource(path), inputs, nodeEnvironment(runtime), terminal.context);
  if (recipe) terminal.notices(project.adopt(recipe).notices);
  else if (cache.equalized || cache.smoothed) {
    throw new InputError(
      `${values.cache} was made of a model whose channels were scaled, and the recipe says how; give it with --recipe.`,
    );
  } else project.edit({ preprocess: cache.preprocess, elementwise: "join" });
  project.takeCalibration(cache);
  const data = await project.openBeside(files, null, cache);
  terminal.notices(data.notices);
  const skip = values.skip ?? 0;
  const samples = values.samples ?? Math.max(0, data.length - skip);
  const drift = await project.drift({ skip, samples, execution: executionOf(values) }, terminal.context, data);
  terminal.notices(drift.notices);
  terminal.result(values.json, { ...drift, notices: [...data.notices, ...drift.notices] }, describeDrift(drift));
  const passing: readonly DriftVerdict[] = values.limit === "other-data" ? ["fine", "recalibrate"] : ["fine"];
  return passing.includes(drift.verdict) ? 0 : EXIT_DRIFTED;
}

/** The recipe that was written with a cache, encrypted or not; null where none lies there. */
async function recipeBeside(cache: string): Promise<string | null> {
  return WRITTEN.test(cache) ? firstThere(cache.replace(WRITTEN, ".recipe.json")) : null;
}
