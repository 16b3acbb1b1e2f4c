import { reasonText } from "../../src/engine/model/reason.ts";
import type { Layer, ModelSummary } from "../../src/engine/model/summary.ts";
import { inspectModel } from "../../src/engine/project/index.ts";
import { dimsText } from "../../src/engine/values/dims.ts";
import { plural } from "../../src/engine/values/figures.ts";
import { byteSize } from "../../src/engine/values/units.ts";
import type { ArgumentsOf } from "../definitions.ts";
import { inputsOf, modelSource, quantizedOf } from "../options.ts";
import { terminalRuntime } from "../runtime.ts";
import { targetsText } from "../targetsText.ts";
import { noticeLine, type Terminal } from "../terminal.ts";

/** Says what is in a model, and what will and won't be quantized and why. */
export async function inspectCommand(
  { names: [path], values }: ArgumentsOf<"inspect">,
  terminal: Terminal,
): Promise<number> {
  const source = await modelSource(path);
  const runtime = await terminalRuntime(terminal);
  const { summary, targets } = await inspectModel(
    source,
    { ...inputsOf(values), ...quantizedOf(values) },
    runtime,
    terminal.context,
  );
  const layers = summary.layers.map((layer) => ({ ...layer, reason: layer.reason && reasonText(layer.reason) }));
  const fits = values.targets ? targets() : null;
  const text = [...describe(summary), ...(fits ? targetsText(fits) : [])];
  terminal.result(values.json, { ...summary, layers, ...(fits && { targets: fits }) }, text);
  return 0;
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
