import { basename, dirname, join, resolve } from "node:path";
import { crashes } from "../../src/engine/model/family.ts";
import { InputError } from "../../src/engine/model/job.ts";
import { artifactBytes, type FamilyRequest, fileOf, makeFamily, partsOf } from "../../src/engine/project/index.ts";
import type { ArgumentsOf } from "../definitions.ts";
import { nodeEnvironment } from "../environment.ts";
import { observingApart } from "../executors.ts";
import { besideModels, familyFolder, partsFor } from "../familyFolder.ts";
import { familyText } from "../familyText.ts";
import { dataSources } from "../files.ts";
import { RECIPE_OPTIONS } from "../optionGroups.ts";
import { executionOf, inputsOf, preprocessOf, quantizedOf } from "../options.ts";
import { checkPreprocess } from "../preprocessCheck.ts";
import { seedOf } from "../recipeOptions.ts";
import { assertFolder, writeFiles } from "../results.ts";
import { terminalRuntime } from "../runtime.ts";
import { withSeparate } from "../separate.ts";
import type { Terminal } from "../terminal.ts";
import { EXIT_UNPROVEN } from "../written.ts";

type Values = ArgumentsOf<"quantize">["values"];

/** Writes every variant of a model, or of each model in a folder, that a library asks for, each judged against float where there is data. */
export async function familyCommand(path: string, values: Values, terminal: Terminal): Promise<number> {
  const start = performance.now();
  assertNoRecipe(values);
  if (values.encrypt) {
    throw new InputError("A family has no calibration, recipe or report that could be encrypted; leave --encrypt out.");
  }
  if (values.sign !== null) throw new InputError("A family has no report that could be signed; leave --sign out.");
  const { parts, folder, notices: found } = await familyFolder(path);
  const preprocess = await preprocessOf(values.preprocess);
  const data = values.data === null ? null : await dataSources(values.data);
  const out = values.out ?? `${basename(resolve(path), ".onnx")}.octet`;
  await assertFolder(out);
  const beside = await besideModels(folder);
  terminal.notices(found);

  const runtime = observingApart(withSeparate(await terminalRuntime(terminal), true));
  const request: FamilyRequest = {
    family: values.family!,
    parts: partsFor(parts, data),
    dtypes: null,
    beside,
    inputs: { ...inputsOf(values), ...quantizedOf(values) },
    preprocess,
    seed: seedOf(values.order, null),
    samples: values.samples,
    execution: executionOf(values),
    check: (project, taken) => {
      terminal.notices(taken.notices);
      return checkPreprocess(project, taken, taken.samples, terminal);
    },
  };
  const { files: made, inputs: _, ...summary } = await makeFamily(request, nodeEnvironment(runtime), terminal.context);
  for (const inner of new Set(made.map(({ name }) => dirname(name)))) {
    const here = made.filter(({ name }) => dirname(name) === inner);
    const named = here.map((file) => fileOf(basename(file.name), partsOf(file)));
    await writeFiles(join(out, inner), named, terminal.context.signal);
  }
  const notices = [...summary.notices, ...found];
  terminal.notices(notices.filter(({ kind }) => kind === "warning"));
  const files = made.map((file) => ({ name: file.name, bytes: artifactBytes(file) }));
  const seconds = (performance.now() - start) / 1000;
  terminal.result(values.json, { ...summary, out, files, notices, seconds }, familyText(summary, out, files));
  return summary.variants.some(crashes) ? EXIT_UNPROVEN : 0;
}

/** Throws InputError where an option is given that a family settles itself. */
function assertNoRecipe(values: Values): void {
  const { order: _, ...settled } = RECIPE_OPTIONS;
  const names = [...(Object.keys(settled) as (keyof typeof settled)[]), "cache", "goal", "iterations"] as const;
  const given = names.filter((name) => values[name] !== null && values[name] !== false);
  if (given.length === 0) return;
  const options = given.map((name) => `--${name}`).join(", ");
  throw new InputError(`--family ${values.family} settles the recipe of every file itself; leave ${options} out.`);
}
