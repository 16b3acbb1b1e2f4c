import type { Advice } from "../../src/engine/model/advice.ts";
import { DEFAULT_TARGET } from "../../src/engine/model/target.ts";
import { Project, writeRecipe } from "../../src/engine/project/index.ts";
import { adviceText } from "../adviceText.ts";
import type { ArgumentsOf } from "../definitions.ts";
import { nodeEnvironment } from "../environment.ts";
import { observingApart } from "../executors.ts";
import { dataSources } from "../files.ts";
import { inputsOf, labelsOf, modelSource, preprocessOf, quantizedOf } from "../options.ts";
import { checkPreprocess } from "../preprocessCheck.ts";
import { seedOf } from "../recipeOptions.ts";
import { assertFolder, writeFiles } from "../results.ts";
import { terminalRuntime } from "../runtime.ts";
import type { Terminal } from "../terminal.ts";

/** Says which recipe is right for a model on a target and why; with data, by what was measured on it. */
export async function adviseCommand(
  { names: [path], values }: ArgumentsOf<"advise">,
  terminal: Terminal,
): Promise<number> {
  const target = values.target ?? DEFAULT_TARGET;
  const preprocess = await preprocessOf(values.preprocess);
  const labels = await labelsOf(values.labels);
  const data = values.data === null ? null : await dataSources(values.data);
  if (values.out !== null) await assertFolder(values.out);
  const found = await terminalRuntime(terminal);
  const runtime = data ? observingApart(found) : found;
  const inputs = { ...inputsOf(values), ...quantizedOf(values) };
  const project = await Project.open(await modelSource(path), inputs, nodeEnvironment(runtime), terminal.context);
  project.edit({ seed: seedOf(values.order, null) });
  let advice: Advice;
  if (data) {
    const taken = await project.takeData(data, preprocess, labels);
    terminal.notices([...taken.notices, ...(await checkPreprocess(project, taken, taken.samples, terminal))]);
    advice = await project.adviseOn(target, terminal.context, values.samples ?? undefined);
  } else advice = project.advise(target);
  terminal.notices(advice.notices);
  const advised = advice.options[advice.advised]!;
  const { recipe } = project.follow(target, advised.settings);
  const name = `${project.model.name}.recipe.json`;
  if (values.out !== null) {
    const chunks = [new TextEncoder().encode(writeRecipe(recipe))];
    await writeFiles(values.out, [{ name, chunks }], terminal.context.signal);
  }
  const written = values.out === null ? null : `${values.out}/${name}`;
  terminal.result(values.json, { ...advice, recipe, written }, adviceText(advice, path, written));
  return 0;
}
