import { join } from "node:path";
import type { Execution } from "../../src/engine/model/calibration.ts";
import { InputError } from "../../src/engine/model/job.ts";
import { readRecipe, writeCalibration, writeShard } from "../../src/engine/project/index.ts";
import { plural } from "../../src/engine/values/figures.ts";
import { TOOL } from "../../src/engine/values/tool.ts";
import type { ArgumentsOf } from "../definitions.ts";
import { observingApart } from "../executors.ts";
import { dataSources } from "../files.ts";
import { executorText } from "../format.ts";
import { preprocessOf } from "../options.ts";
import { passphraseFor } from "../passphrase.ts";
import { documentOf, openForRecipe } from "../recipeOptions.ts";
import { assertFolder, writeText } from "../results.ts";
import { terminalRuntime } from "../runtime.ts";
import type { Terminal } from "../terminal.ts";

/** Observes samples and writes what was seen: of all of them, or of one part of several. */
export async function calibrateCommand(
  { names: [path], values }: ArgumentsOf<"calibrate">,
  terminal: Terminal,
): Promise<number> {
  const out = values.out ?? ".";
  await assertFolder(out);
  const passphrase = passphraseFor(values);
  const saved = await documentOf(values.recipe, readRecipe);
  const preprocess = await preprocessOf(values.preprocess);
  const files = await dataSources(values.data);

  const runtime = observingApart(await terminalRuntime(terminal));
  const changes = { target: null, order: values.order, forms: [], operators: [] };
  const project = await openForRecipe(path, values, saved, changes, runtime, terminal);
  const { equalization, smoothing = false } = project.recipe.corrections;
  if ((equalization && !project.recipe.factors) || (smoothing && !project.recipe.smoothed)) {
    throw new InputError(
      `${values.recipe} asks for channels to be scaled, and does not say by what yet; give the recipe that octet quantize wrote.`,
    );
  }
  const scaled = project.recipe;
  const data = await project.takeData(files, preprocess);
  terminal.notices(data.notices);
  project.adopt(scaled).edit({ preprocess: data.preprocess });

  const samples = values.samples ?? data.samples;
  const execution: Execution = {
    provider: null,
    workers: values.workers ?? 1,
    threads: values.threads ?? 1,
    batch: values.batch ?? 1,
  };
  const { shard } = values;
  const seen = shard
    ? await project.calibrateShard({ shard, samples, execution }, terminal.context)
    : await project.calibrate({ samples, execution, resume: null, checkpoint: () => undefined }, terminal.context);
  const calibration = "calibration" in seen ? seen.calibration : seen;
  const name = `${project.model.name}.${shard ? `${shard.index}-of-${shard.of}.shard` : "calibration"}.json`;
  const tool = `${TOOL.name} ${TOOL.version}`;
  const text = "calibration" in seen ? writeShard(seen, tool) : writeCalibration(seen, tool);
  const file = await writeText(out, name, text, passphrase, terminal.context.signal);
  const { observed, skipped, executors, notices } = calibration;
  terminal.notices(notices);
  const value = {
    out,
    file,
    ...(shard && { shard }),
    samples: observed.length,
    skipped: skipped.length,
    executors,
    notices: [...data.notices, ...notices],
  };
  terminal.result(values.json, value, [
    `${plural(observed.length, "sample")} observed${shard ? `, shard ${shard.index} of ${shard.of}` : ""}${skipped.length > 0 ? ` (${skipped.length} skipped)` : ""}`,
    ...executors.map((executor) => `  ${executorText(executor)}`),
    `  ${join(out, file)}`,
  ]);
  return 0;
}
