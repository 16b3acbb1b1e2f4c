import { join } from "node:path";
import { isLabelled } from "../../src/engine/model/dataset.ts";
import { InputError } from "../../src/engine/model/job.ts";
import type { Sensitivity } from "../../src/engine/model/sensitivity.ts";
import type { SensitivityShard } from "../../src/engine/model/sensitivityShard.ts";
import { readRecipe, writeSensitivityShard } from "../../src/engine/project/index.ts";
import { plural } from "../../src/engine/values/figures.ts";
import { TOOL } from "../../src/engine/values/tool.ts";
import { describeCulprits } from "../culpritsText.ts";
import type { ArgumentsOf } from "../definitions.ts";
import { dataSources } from "../files.ts";
import { labelsOf, preprocessOf } from "../options.ts";
import { passphraseFor } from "../passphrase.ts";
import { checkPreprocess } from "../preprocessCheck.ts";
import { documentOf, openForRecipe, recipeChanges } from "../recipeOptions.ts";
import { assertFolder, writeText } from "../results.ts";
import { terminalRuntime } from "../runtime.ts";
import { describeSensitivity } from "../sensitivityText.ts";
import type { Terminal } from "../terminal.ts";

const DEFAULT_SAMPLES = 16;

/** What each layer costs the outputs, and where the exported model's error enters; when cancelled, as far as it is known. */
export async function sensitivityCommand(
  { names: [path], values }: ArgumentsOf<"sensitivity">,
  terminal: Terminal,
): Promise<number> {
  const { context } = terminal;
  const metric = values.metric ?? "sqnr";
  const out = values.out ?? ".";
  const passphrase = passphraseFor(values);
  if (values.shard) await assertFolder(out);
  else if (values.out || values.encrypt) {
    throw new InputError(
      "--out and --encrypt are for what --shard writes; what is measured without it is printed, all of it with --json.",
    );
  }
  const changes = recipeChanges(values);
  const preprocess = await preprocessOf(values.preprocess);
  const wanted = values.samples ?? DEFAULT_SAMPLES;
  const labels = await labelsOf(values.labels);
  const files = await dataSources(values.data);
  const saved = await documentOf(values.recipe, readRecipe);

  const runtime = await terminalRuntime(terminal);
  const project = await openForRecipe(path, values, saved, changes, runtime, terminal);
  const { recipe: given } = project;
  const data = await project.takeData(files, preprocess, labels);
  terminal.notices(data.notices);
  const samples = Math.min(wanted, data.samples);
  if (metric === "drop" && !isLabelled(project.labels, 0, samples)) {
    throw new InputError(
      `None of the first ${samples} samples has a label, which --metric drop needs; give --labels FILE.`,
    );
  }
  const notices = [...project.notices, ...data.notices, ...(await checkPreprocess(project, data, samples, terminal))];
  const unlearned = project.recipe;
  const { isSettled } = project.adopt(given).edit({ preprocess: data.preprocess });
  if (!isSettled) await project.adopt(unlearned).settle({ samples }, context);
  const { recipe, model } = project;
  const all = [0, samples] as const;
  const split = { calibration: isSettled ? null : all, measurement: all };
  if (values.shard) {
    const { shard } = values;
    const { sensitivity, halves } = await project.sensitivityOfPart({ samples, part: shard }, context);
    if (metric === "drop" && sensitivity.all.drop === null) throw unmeasured(sensitivity);
    const walk = shard.index === 1 ? await project.walk(samples, context) : null;
    const part = {
      shard,
      model: { name: model.name, sha256: model.sha256 },
      split,
      metric,
      recipe,
      halves,
      walk,
      notices,
    };
    const whole = { ...part, sensitivity: { ...sensitivity, reliability: null } };
    return await writePart(whole, { ...values, out, passphrase }, terminal);
  }
  const about = { model: { name: model.name, sha256: model.sha256 }, split };

  let known: Sensitivity | null = null;
  try {
    const measured = await project.sensitivity({ samples, untilSettled: metric !== "drop" }, context, (partial) => {
      known = partial;
    });
    terminal.notices(measured.notices);
    if (metric === "drop" && measured.all.drop === null) throw unmeasured(measured);
    const errorWalk = await project.walk(samples, context);
    const culprits = await project.culprits({ sensitivity: measured, walk: errorWalk });
    terminal.result(
      values.json,
      {
        ...about,
        sensitivity: measured,
        walk: errorWalk,
        culprits,
        recipe,
        notices: [...notices, ...measured.notices],
      },
      [...describeSensitivity(measured, errorWalk, metric, split), "", ...describeCulprits(culprits)],
    );
    return 0;
  } catch (error) {
    if (terminal.exitCancelled === null || !known) throw error;
    terminal.say("Cancelled; this is what was measured until then.");
    terminal.result(
      values.json,
      { ...about, sensitivity: known, walk: null, culprits: null, recipe, notices },
      describeSensitivity(known, null, metric, split),
    );
    return terminal.exitCancelled;
  }
}

async function writePart(
  part: SensitivityShard,
  { out, passphrase, json }: { readonly out: string; readonly passphrase: string | null; readonly json: boolean },
  terminal: Terminal,
): Promise<number> {
  const { shard, model, sensitivity, notices } = part;
  const name = `${model.name}.${shard.index}-of-${shard.of}.sensitivity.json`;
  const text = writeSensitivityShard(part, `${TOOL.name} ${TOOL.version}`);
  const file = await writeText(out, name, text, passphrase, terminal.context.signal);
  terminal.notices(sensitivity.notices);
  const { layers, samples } = sensitivity;
  terminal.result(
    json,
    { out, file, shard, layers: layers.length, samples, notices: [...notices, ...sensitivity.notices] },
    [
      `${plural(layers.length, "layer")} on ${plural(samples, "sample")}, shard ${shard.index} of ${shard.of}`,
      `  ${join(out, file)}`,
    ],
  );
  return 0;
}

function unmeasured({ labelled }: Sensitivity): InputError {
  return new InputError(
    labelled > 0
      ? "No drop of top-1 can be measured: the output that top-1 goes by says nothing on these samples, as the warning has it; mend that, or take another --metric."
      : "No drop of top-1 can be measured: the model has no output of class scores, one with exactly one axis longer than 1; take another --metric.",
  );
}
