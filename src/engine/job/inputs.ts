import { heldTensor } from "../data/constant.ts";
import type { ModelInputs } from "../model/dataset.ts";
import { InputError } from "../model/job.ts";
import type { GivenInputs } from "../model/recipe.ts";
import { own } from "../model/record.ts";
import type { Port } from "../model/tensor.ts";
import { dimsText } from "../values/dims.ts";
import { stateInputs } from "./states.ts";

/**
 * Sorts a model's inputs into those that are open, those held at a value, and those that carry a state.
 * Throws InputError when a name, a shape, a value or a state is not for the model.
 */
export function settleInputs(
  ports: readonly Port[],
  inputs: GivenInputs,
  outputs: readonly Port[] = [],
): Required<Omit<ModelInputs, "classes">> {
  assertInputNames(ports, inputs);
  const shaped = withShapes(ports, inputs.shapes);
  const held = shaped.flatMap((port) => {
    const value = own(inputs.values, port.name);
    return value === undefined ? [] : [{ port, value }];
  });
  for (const each of held) heldTensor(each);
  const states = stateInputs(
    ports.map((port, i) => (port.unshaped ? shaped[i]! : port)),
    outputs,
    inputs,
  );
  const settled = new Set([...held, ...states].map(({ port }) => port.name));
  return { open: shaped.filter(({ name }) => !settled.has(name)), held, states, outputs };
}

/** Throws InputError when a shape, a value or a state is given for an input that the model does not have. */
function assertInputNames(ports: readonly Port[], { shapes, values, state = {} }: GivenInputs): void {
  for (const name of [shapes, values, state].flatMap(Object.keys)) {
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
      port.unshaped ||
      (given.length === port.dims.length && port.dims.every((dim, i) => typeof dim !== "number" || dim === given[i]));
    if (!fits) {
      throw new InputError(
        `The shape ${dimsText(given)} does not fit the input ${port.name}, which is ${dimsText(port.dims)}.`,
      );
    }
    const { name, type } = port;
    return { name, type, dims: given };
  });
}
