import { InputError } from "../model/job.ts";
import type { Session } from "../model/runtime.ts";
import type { Port } from "../model/tensor.ts";
import { dimsText } from "../values/dims.ts";

/** Throws InputError when two models do not take the same inputs, but that the quantized one may take float16 for float32, or an output of the float one is missing. */
export function assertComparable(float: Session, quantized: Session): void {
  const stranger = float.inputs.find((port) => !quantized.inputs.some((other) => accepts(other, port)));
  if (stranger || quantized.inputs.length !== float.inputs.length) {
    throw new InputError(
      `The quantized model was not made from this float model: it takes ${describe(quantized.inputs)}, and the float one ${describe(float.inputs)}.`,
    );
  }
  const missing = float.outputs.find(({ name }) => !quantized.outputs.some((other) => other.name === name));
  if (missing) {
    const names = quantized.outputs.map(({ name }) => name).join(", ");
    throw new InputError(
      `The quantized model was not made from this float model: it has no output ${missing.name}, only ${names}.`,
    );
  }
}

function accepts(other: Port, port: Port): boolean {
  const fits = (dim: Port["dims"][number], i: number) =>
    typeof dim !== "number" || typeof other.dims[i] !== "number" || dim === other.dims[i];
  return (
    other.name === port.name &&
    (other.type === port.type || (port.type === "float32" && other.type === "float16")) &&
    other.dims.length === port.dims.length &&
    port.dims.every(fits)
  );
}

function describe(ports: readonly Port[]): string {
  return ports.map(({ name, type, dims }) => `${name} (${type} ${dimsText(dims)})`).join(", ");
}
