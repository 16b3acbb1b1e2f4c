import { heldTensor } from "../data/constant.ts";
import type { Notice } from "../model/job.ts";
import type { Recipe } from "../model/recipe.ts";
import { own } from "../model/record.ts";
import type { Port, TensorMap } from "../model/tensor.ts";
import { elementCount } from "../values/dims.ts";
import { withShapes } from "./inputs.ts";

/**
 * The held inputs that may count as constants when a model is prepared: flags, integers and lone numbers of a fixed shape.
 * Throws InputError where a value or a shape is not for its input.
 */
export function constantInputs(ports: readonly Port[], inputs: Recipe["inputs"]): TensorMap {
  const held = withShapes(ports, inputs.shapes).flatMap((port): [string, ReturnType<typeof heldTensor>][] => {
    const value = own(inputs.values, port.name);
    return value !== undefined && isConstant(port) ? [[port.name, heldTensor({ port, value })]] : [];
  });
  return new Map(held);
}

function isConstant({ type, dims }: Port): boolean {
  if (type === "other" || !dims.every((dim) => typeof dim === "number")) return false;
  return /int|bool/.test(type) || elementCount(dims) === 1;
}

/** What is said of held inputs whose values decided which layers there are. */
export function decidedBy(
  names: readonly string[],
  { values }: Recipe["inputs"],
): { readonly notes: readonly string[]; readonly notices: readonly Notice[] } {
  if (names.length === 0) return { notes: [], notices: [] };
  const note = `prepared for ${names.map((name) => `${name} = ${own(values, name)}`).join(" and ")} alone`;
  const message = `The model was ${note}: in the place of each If layer that this decides stands the branch taken. What is written still takes the input and answers for that value whatever it is fed.`;
  return { notes: [note], notices: [{ kind: "warning", subject: names.join(", "), message }] };
}
