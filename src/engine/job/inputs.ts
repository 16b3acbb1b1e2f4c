import { heldTensor } from "../data/constant.ts";
import type { ModelInputs } from "../model/dataset.ts";
import { InputError } from "../model/job.ts";
import type { Recipe } from "../model/recipe.ts";
import { own } from "../model/record.ts";
import type { Port } from "../model/tensor.ts";
import { dimsText } from "../values/dims.ts";

/**
 * Sorts a model's inputs into those that are open and those held at a value.
 * Throws InputError when a name, a shape or a value is not for the model.
 */
export function settleInputs(ports: readonly Port[], inputs: Recipe["inputs"]): ModelInputs {
  assertInputNames(ports, inputs);
  const shaped = withShapes(ports, inputs.shapes);
  const held = shaped.flatMap((port) => {
    const value = own(inputs.values, port.name);
    return value === undefined ? [] : [{ port, value }];
  });
  for (const each of held) heldTensor(each);
  return { open: shaped.filter(({ name }) => own(inputs.values, name) === undefined), held };
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
