import { InputError } from "../model/job.ts";
import type { Recipe } from "../model/recipe.ts";
import { own } from "../model/record.ts";
import type { Port, Tensor, TensorMap } from "../model/tensor.ts";
import { filled } from "../onnx/tensor.ts";
import { dimsText, elementCount } from "../values/dims.ts";

/** The input that gets the data, with the dimensions asked for, and what the other inputs are held at. */
export interface ModelInputs {
  readonly dataInput: Port;
  readonly fixed: TensorMap;
}

/**
 * Sorts a model's inputs into the one that data feeds and those held at a value.
 * Throws InputError when that leaves none or several for the data, or a name or shape is not the model's.
 */
export function settleInputs(ports: readonly Port[], inputs: Recipe["inputs"]): ModelInputs {
  assertInputNames(ports, inputs);
  if (ports.length === 0) throw new InputError("The model has no inputs, so no data can reach it.");
  const shaped = withShapes(ports, inputs.shapes);
  const open = shaped.filter(({ name }) => own(inputs.values, name) === undefined);
  const [dataInput, ...others] = open;
  if (!dataInput) throw new InputError("Every input of the model is held at a value, so no data can reach it.");
  if (others.length > 0) {
    const names = open.map(({ name }) => name).join(", ");
    throw new InputError(
      `The model has ${open.length} inputs (${names}) and data feeds one; hold the others at values that suit the model, name=value each.`,
    );
  }
  const fixed = new Map<string, Tensor>();
  for (const port of shaped) {
    const value = own(inputs.values, port.name);
    if (value !== undefined) fixed.set(port.name, constantFeed(port, value));
  }
  return { dataInput, fixed };
}

/** Throws InputError when a shape or a value is given for an input that the model does not have. */
export function assertInputNames(ports: readonly Port[], inputs: Recipe["inputs"]): void {
  for (const name of [...Object.keys(inputs.shapes), ...Object.keys(inputs.values)]) {
    if (ports.some((port) => port.name === name)) continue;
    const names = ports.map((port) => port.name).join(", ");
    throw new InputError(`The model has no input named ${name}; its inputs are ${names}.`);
  }
}

/**
 * Ports with the shapes a person gave for dynamic inputs.
 * Throws InputError when a shape contradicts the model.
 */
export function withShapes(
  ports: readonly Port[],
  shapes: Readonly<Record<string, readonly number[]>>,
): readonly Port[] {
  return ports.map((port) => {
    const given = own(shapes, port.name);
    if (!given) return port;
    const fits =
      given.length === port.dims.length && port.dims.every((dim, i) => typeof dim !== "number" || dim === given[i]);
    if (!fits) {
      throw new InputError(
        `The shape ${dimsText(given)} does not fit the input ${port.name}, which is ${dimsText(port.dims)}.`,
      );
    }
    return { ...port, dims: given };
  });
}

/** A tensor for a port filled with one value; dimensions left open become 1. Throws InputError where it takes no numbers. */
export function constantFeed(port: Port, value: number): Tensor {
  if (port.type === "other") throw new InputError(`The input ${port.name} is no tensor of numbers and cannot be fed.`);
  const dims = port.dims.map((dim) => (typeof dim === "number" ? dim : 1));
  return { type: port.type, dims, data: filled(port.type, elementCount(dims), value) };
}
