import type { InputSource, SampleTensor } from "../engine/model/dataset.ts";
import type { Recipe } from "../engine/model/recipe.ts";
import { own } from "../engine/model/record.ts";
import { canFeed, likelyNext } from "../engine/model/stateNames.ts";
import type { Port } from "../engine/model/tensor.ts";
import { elementCount } from "../engine/values/dims.ts";
import { plural, significant } from "../engine/values/figures.ts";

type Shapes = Recipe["inputs"]["shapes"];

/** By input, what a person has written of its shape so far; an empty text leaves the file's own. */
export type ShapesDraft = Readonly<Record<string, string>>;

export const isDynamic = (port: Port) => port.unshaped || port.dims.some((dim) => typeof dim !== "number");

/** The draft that says what `shapes` say. */
export function draftOf(ports: readonly Port[], shapes: Shapes): ShapesDraft {
  return Object.fromEntries(ports.map(({ name }) => [name, own(shapes, name)?.join(" x ") ?? ""]));
}

/** The shapes that a draft comes to, or one sentence on what is wrong with it. */
export function readShapes(ports: readonly Port[], draft: ShapesDraft): Shapes | string {
  const shapes = new Map<string, readonly number[]>();
  for (const { name, dims, unshaped } of ports) {
    const sides = (own(draft, name) ?? "").split(/[x×,\s]+/i).filter(Boolean);
    if (sides.length === 0) continue;
    const shape = sides.map(Number);
    if (!shape.every((side) => Number.isInteger(side) && side >= 0)) return `The shape of ${name} takes whole numbers.`;
    if (!unshaped && shape.length !== dims.length)
      return `The shape of ${name} takes ${plural(dims.length, "number")}.`;
    shapes.set(name, shape);
  }
  return Object.fromEntries(shapes);
}

/** The value that an input is to be held at, or null where a text is no number. */
export function readHeld(text: string): number | null {
  const value = Number(text.trim().replace(",", "."));
  return text.trim() === "" || !Number.isFinite(value) ? null : value;
}

/** What may feed an input at the next step of a sequence. */
export interface StateOffer {
  /** The outputs of its type and shape that feed no other input, the one that is called like its next state first. */
  readonly outputs: readonly string[];
  /** The one that is called so; null where none is. */
  readonly likely: string | null;
}

export function stateOffer(port: Port, outputs: readonly Port[], state: Recipe["inputs"]["state"]): StateOffer {
  const taken = Object.entries(state).flatMap(([input, output]) => (input === port.name ? [] : [output]));
  const fitting = outputs.filter((output) => canFeed(output, port) && !taken.includes(output.name));
  const likely = likelyNext(port, fitting);
  const others = fitting.map(({ name }) => name).filter((name) => name !== likely);
  return { outputs: likely === null ? others : [likely, ...others], likely };
}

/** The inputs that nothing gives yet, or that are filled, each with the output that is called like its next state. */
export function likelyStates(
  ports: readonly Port[],
  outputs: readonly Port[],
  sources: readonly InputSource[],
  state: Recipe["inputs"]["state"],
): ReadonlyMap<string, string> {
  const free = ports.filter(({ name }) =>
    sources.some((source) => source.name === name && (source.from === "nothing" || source.from === "filled")),
  );
  return new Map(
    free.flatMap((port): [string, string][] => {
      const { likely } = stateOffer(port, outputs, state);
      return likely === null ? [] : [[port.name, likely]];
    }),
  );
}

const KINDS = { images: "image", npy: ".npy file", idx: "IDX file", npz: ".npz file", jsonl: ".jsonl file" } as const;

/** Where an input gets its values, in words. */
export function sourceText(source: InputSource): string {
  if (source.from === "held") return `held at ${source.value}`;
  if (source.from === "state") return `from output ${source.output} of the step before`;
  if (source.from === "filled") return `filled: ${source.filling}`;
  if (source.from === "nothing") return "missing: choose where it comes from";
  const { kind, path, files, array } = source;
  const from = files === 1 ? path : `${plural(files, KINDS[kind])}, from ${path} on`;
  return array === null ? from : `${from}: ${array}`;
}

/** What data leaves without values, as the beginning of a sentence. */
export function lackText(sources: readonly InputSource[]): string {
  const names = sources.filter(({ from }) => from === "nothing").map(({ name }) => name);
  return `${names.join(", ")} ${names.length === 1 ? "gets" : "get"} no values yet`;
}

const INTEGERS = 24;
const FRACTIONS = 6;

/** The first values of an input in a sample: integers as they are, others rounded. */
export function valuesText({ type, dims, values, min, max }: SampleTensor): string {
  const total = elementCount(dims);
  if (total === 0) return "no values";
  const isWhole = !type.startsWith("float");
  const shown = values.slice(0, isWhole ? INTEGERS : FRACTIONS);
  const text = shown.map((value) => (isWhole ? String(value) : significant(Number(value)))).join(isWhole ? " " : ", ");
  if (total <= shown.length) return text;
  return isWhole ? `${text} …` : `${text} … (${significant(min)} to ${significant(max)})`;
}
