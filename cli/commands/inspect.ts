import { dirname } from "node:path";
import { InputError } from "../../src/engine/model/job.ts";
import type { QuantizedBeside, QuantizedFile, StoredConstant } from "../../src/engine/model/quantizedFile.ts";
import { reasonText } from "../../src/engine/model/reason.ts";
import type { Layer, ModelSummary } from "../../src/engine/model/summary.ts";
import {
  inspectModel,
  kindOf,
  type ModelSource,
  Project,
  readQuantized,
  writeRecipe,
} from "../../src/engine/project/index.ts";
import { dimsText } from "../../src/engine/values/dims.ts";
import { plural } from "../../src/engine/values/figures.ts";
import { byteSize } from "../../src/engine/values/units.ts";
import type { ArgumentsOf } from "../definitions.ts";
import { nodeEnvironment } from "../environment.ts";
import { inputsOf, modelSource, quantizedOf } from "../options.ts";
import { describeQuantized, matchingText, recoveryText } from "../quantizedText.ts";
import { assertApart, assertFolder, writeAlone } from "../results.ts";
import { terminalRuntime } from "../runtime.ts";
import { targetsText } from "../targetsText.ts";
import { noticeLine, type Terminal } from "../terminal.ts";

type Arguments = ArgumentsOf<"inspect">;

/** Says what is in a model, and what will and won't be quantized and why; of what is quantized already, its layers, scales and codes. */
export async function inspectCommand({ names: [path], values }: Arguments, terminal: Terminal): Promise<number> {
  const source = await modelSource(path);
  if (values.recipe !== null && values.float === null) {
    throw new InputError("A recipe is recovered beside the float model alone; give it with --float MODEL.");
  }
  if (values.float !== null) return inspectBeside(source, values.float, path, values, terminal);
  const runtime = await terminalRuntime(terminal);
  const stored = (await kindOf(source)).isQuantized ? (await readQuantized(source)).file : null;
  const inputs = { ...inputsOf(values), ...quantizedOf(values) };
  const opened = await inspectModel(source, inputs, runtime, terminal.context).catch((error) => {
    if (!(error instanceof InputError) || !stored) throw error;
    return error;
  });
  if (opened instanceof InputError) {
    const file = stored as QuantizedFile;
    const notices = [...file.notices, { kind: "info", subject: file.name, message: opened.message } as const];
    terminal.result(values.json, { ...plainFile(file), notices }, describeQuantized({ ...file, notices }, null));
    return 0;
  }
  const { summary, targets } = opened;
  const layers = summary.layers.map((layer) => ({ ...layer, reason: layer.reason && reasonText(layer.reason) }));
  const fits = values.targets ? targets() : null;
  const text = [
    ...describe(summary),
    ...(fits ? targetsText(fits) : []),
    ...(stored ? ["", "What is quantized already:", ...describeQuantized(stored, null)] : []),
  ];
  const quantized = stored && { quantized: plainFile(stored) };
  terminal.result(values.json, { ...summary, layers, ...(fits && { targets: fits }), ...quantized }, text);
  return 0;
}

async function inspectBeside(
  source: ModelSource,
  path: string,
  quantized: string,
  values: Arguments["values"],
  terminal: Terminal,
): Promise<number> {
  if (values.recipe !== null) {
    await assertFolder(dirname(values.recipe));
    await assertApart([values.recipe], [path, quantized]);
  }
  const environment = nodeEnvironment(await terminalRuntime(terminal));
  const project = await Project.open(await modelSource(path), inputsOf(values), environment, terminal.context);
  const beside = await project.readBeside(source);
  const { file, matching, recovery } = beside;
  if (values.recipe !== null) {
    if (!recovery.recipe) throw new InputError(`No recipe was recovered: ${recovery.differences[0]?.message}`);
    await writeAlone(values.recipe, writeRecipe(recovery.recipe));
  }
  const written = values.recipe === null ? [] : [`The recipe is in ${values.recipe}.`];
  terminal.result(values.json, plainBeside(beside), [
    ...describeQuantized(file, matching),
    "",
    ...matchingText(matching, file.layers.length),
    "",
    ...recoveryText(recovery),
    ...written,
  ]);
  return 0;
}

/** With lists of numbers where there are typed arrays. */
function plainFile(file: QuantizedFile) {
  const plain = ({ scales, zeroPoints, ...constant }: StoredConstant) => ({
    ...constant,
    scales: [...scales],
    zeroPoints: zeroPoints && [...zeroPoints],
  });
  return { ...file, layers: file.layers.map((layer) => ({ ...layer, weights: layer.weights.map(plain) })) };
}

function plainBeside({ file, matching, recovery }: QuantizedBeside) {
  return { ...plainFile(file), matching, recovery };
}

function describe(summary: ModelSummary): string[] {
  const float = summary.layers.filter(({ precision }) => precision === "float32");
  const stored = summary.layers.filter(({ precision, reason }) => precision !== "float32" && reason !== null);
  const count = summary.layers.length - float.length;
  const inFloat = summary.floatKernels.length;
  return [
    `${summary.name}: ${byteSize(summary.bytes)}, opset ${summary.opset}, IR ${summary.irVersion}, ${plural(summary.parameters, "parameter")}, by ${summary.producer || "an unnamed exporter"}`,
    ...summary.inputs.map(({ name, type, dims }) => `input  ${name}: ${type} ${dimsText(dims)}`),
    ...summary.outputs.map(({ name, type, dims }) => `output ${name}: ${type} ${dimsText(dims)}`),
    ...summary.preparation.map((note) => `prepared: ${note}`),
    `${count} of ${summary.layers.length} layers will be quantized${inFloat > 0 ? `, ${inFloat} of them stored so and computed in float` : ""}:`,
    ...summary.operators.map(({ type, count: all, quantized }) => `  ${type}: ${quantized} of ${all}`),
    ...(float.length > 0 ? ["In float:", ...float.map(reasonLine)] : []),
    ...(stored.length > 0 ? ["In float but for their weights:", ...stored.map(reasonLine)] : []),
    ...summary.notices.map(noticeLine),
  ];
}

function reasonLine({ id, operator, reason }: Layer): string {
  return `  ${id} (${operator}): ${reason && reasonText(reason)}`;
}
