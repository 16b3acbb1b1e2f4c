import type { Recipe } from "../engine/model/recipe.ts";
import { own } from "../engine/model/record.ts";
import type { Port } from "../engine/model/tensor.ts";

/** What a person has written about a model's inputs so far. */
export interface InputsDraft {
  /** The input that data feeds. */
  readonly data: string;
  /** By input; an empty text leaves the file's own shape. */
  readonly shapes: Readonly<Record<string, string>>;
  /** By input: the number that fills it. */
  readonly values: Readonly<Record<string, string>>;
}

export const isDynamic = (port: Port) => port.dims.some((dim) => typeof dim !== "number");

/** The draft that says what `inputs` say; where they are silent, data feeds the first input of real numbers. */
export function draftOf(ports: readonly Port[], inputs: Recipe["inputs"]): InputsDraft {
  const open = ports.filter(({ name }) => own(inputs.values, name) === undefined);
  const data = open.find(({ type }) => type.startsWith("float")) ?? open[0];
  return {
    data: data?.name ?? "",
    shapes: Object.fromEntries(ports.map(({ name }) => [name, own(inputs.shapes, name)?.join(" x ") ?? ""])),
    values: Object.fromEntries(ports.map(({ name }) => [name, String(own(inputs.values, name) ?? 0)])),
  };
}

/** The inputs that a draft comes to, or one sentence on what is wrong with it. */
export function readInputs(ports: readonly Port[], draft: InputsDraft): Recipe["inputs"] | string {
  const shapes = new Map<string, readonly number[]>();
  const values = new Map<string, number>();
  for (const { name, dims } of ports) {
    const sides = (own(draft.shapes, name) ?? "").split(/[x×,\s]+/i).filter(Boolean);
    if (sides.length > 0) {
      const shape = sides.map(Number);
      if (!shape.every((side) => Number.isInteger(side) && side > 0))
        return `The shape of ${name} takes whole numbers.`;
      if (shape.length !== dims.length) return `The shape of ${name} takes ${dims.length} numbers.`;
      shapes.set(name, shape);
    }
    if (name === draft.data) continue;
    const text = (own(draft.values, name) ?? "").trim();
    if (text === "" || !Number.isFinite(Number(text))) return `${name} takes a number to be held at.`;
    values.set(name, Number(text));
  }
  return { shapes: Object.fromEntries(shapes), values: Object.fromEntries(values) };
}
