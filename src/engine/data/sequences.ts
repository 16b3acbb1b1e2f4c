import type { DataSummary } from "../model/dataset.ts";
import { InputError, type Notice } from "../model/job.ts";
import type { Port } from "../model/tensor.ts";
import { dimsText } from "../values/dims.ts";
import type { DataType } from "../values/elementTypes.ts";
import { plural } from "../values/figures.ts";
import { arrangements, type SampleFile, tensors } from "./arrange.ts";
import type { ArrayFile } from "./array.ts";
import { fits } from "./shape.ts";

/** How many sequences there are, of how many steps each, and the dims of a step. */
export interface SequenceLayout {
  readonly sequences: number;
  readonly steps: number;
  readonly dims: readonly number[];
}

/**
 * How dims hold sequences for an input, null where they do not: [steps, ...] or [sequences, steps, ...] of what one row of the
 * input takes, with or without its batch of 1; of token ids [tokens], [sequences, tokens] or [sequences, steps, tokens], a step being one token but
 * in the last. Throws InputError where they may be either.
 */
export function sequenceLayout(
  dims: readonly number[],
  { name, type, dims: wanted }: Port,
  source: string,
): SequenceLayout | null {
  const [first, second] = wanted;
  const hasBatch = wanted.length > 0 && (first === 1 || typeof first !== "number");
  const row = hasBatch ? wanted.slice(1) : wanted;
  const stepOf = (rest: readonly number[]) => (hasBatch ? [1, ...rest] : rest);
  const made = (sequences: number, steps: number, rest: readonly number[]): SequenceLayout | null => {
    const step = stepOf(rest);
    return fits(step, wanted) ? { sequences, steps, dims: step } : null;
  };
  const [a = 1, b = 1, c] = dims;
  if (hasBatch && wanted.length === 2 && (type === "int64" || type === "int32") && typeof second !== "number") {
    if (dims.length === 1) return made(1, a, [1]);
    if (dims.length === 2) return made(a, b, [1]);
    return dims.length === 3 ? made(a, b, dims.slice(2)) : null;
  }
  if (wanted.length === 1 && typeof first !== "number" && dims.length === 2) {
    throw new InputError(
      `${source} (${dimsText(dims)}) may hold ${plural(a, "sequence")} of single values, or ${plural(a, "step")} of ${b}; say what a step of ${name} is with its shape, 1 or ${b}.`,
    );
  }
  if (dims.length === row.length + 1) return made(1, a, dims.slice(1));
  if (dims.length === row.length + 2)
    return hasBatch && b === 1 ? made(1, a, dims.slice(2)) : made(a, b, dims.slice(2));
  return dims.length === row.length + 3 && hasBatch && c === 1 ? made(a, b, dims.slice(3)) : null;
}

/** An array cut into the steps of sequences for an input; pictures in an array are one. Throws InputError where it does not fit. */
export function sequencesOf(array: ArrayFile, port: Port, type: DataType): SampleFile {
  const { path } = array.file;
  if (array.type === "uint8" && port.dims.length === 4) {
    const [file] = arrangements(array, port, type);
    if (file.holds === "pictures") return file;
  }
  const layout = sequenceLayout(array.dims, port, path);
  if (!layout) {
    throw new InputError(
      `${path} holds ${array.type} of shape ${dimsText(array.dims)}, which is no sequence of steps for input "${port.name}" (${dimsText(port.dims)}); give it steps, or sequences and steps, before the shape of a step.`,
    );
  }
  const { sequences, steps, dims } = layout;
  const count = sequences * steps;
  if (count === 0) throw new InputError(`${path} (${dimsText(array.dims)}) holds no steps.`);
  const file = tensors(array, { count, dims }, type);
  return { ...file, sequences: Array.from({ length: sequences }, () => steps) };
}

const ends = new WeakMap<readonly number[], readonly number[]>();

/** Which sequence a step lies in, of those of so many steps each, and which of its steps it is. */
export function placeOf(lengths: readonly number[], at: number): readonly [sequence: number, step: number] {
  let sum = 0;
  const known = ends.get(lengths) ?? lengths.map((steps) => (sum += steps));
  ends.set(lengths, known);
  let [low, high] = [0, known.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (known[middle]! > at) high = middle;
    else low = middle + 1;
  }
  return [low, at - (known[low]! - lengths[low]!)];
}

/** What one input is given. */
interface Steps {
  readonly port: Port;
  readonly kind: DataSummary["kind"];
  readonly files: readonly SampleFile[];
}

/** How many steps each sequence has. Pictures are those of a folder, in their order. */
function lengthsOf({ kind, files }: Steps): readonly number[] {
  if (kind !== "images") return files.flatMap(({ sequences, count }) => sequences ?? [count]);
  const folders = files.map(({ path }) => path.slice(0, path.lastIndexOf("/") + 1));
  const starts = folders.flatMap((folder, at) => (at === 0 || folder !== folders[at - 1] ? [at] : []));
  return starts.map((start, at) => (starts[at + 1] ?? files.length) - start);
}

/** What files hold of inputs, with those that have one sample a sequence, such as what an encoder made, repeated for each of its steps. */
export function heldAlong<T extends Omit<Steps, "files"> & { readonly files: readonly (readonly SampleFile[])[] }>(
  cuts: readonly T[],
): readonly T[] {
  const lengths = cuts.map(({ port, kind, files: [files] }) => lengthsOf({ port, kind, files: files! }));
  const totals = lengths.map((each) => each.reduce((sum, steps) => sum + steps, 0));
  const most = lengths[totals.indexOf(Math.max(...totals))]!;
  return cuts.map((cut, i) =>
    totals[i] === most.length && lengths[i]!.join() !== most.join()
      ? { ...cut, files: [[repeated(cut.files[0]!, most)]] }
      : cut,
  );
}

function repeated(files: readonly SampleFile[], lengths: readonly number[]): SampleFile {
  const cells = files.flatMap((file) => Array.from({ length: file.count }, (_, at) => ({ file, at })));
  const [first] = files as readonly [SampleFile];
  if (first.holds === "pictures") return first;
  const sequenceOf = lengths.flatMap((steps, sequence) => Array.from({ length: steps }, () => sequence));
  return {
    path: first.path,
    count: sequenceOf.length,
    sequences: lengths,
    repeats: true,
    holds: "tensors",
    bytes(index) {
      const { file, at } = cells[sequenceOf[index]!]!;
      return file.bytes(at);
    },
    async read(index) {
      const { file, at } = cells[sequenceOf[index]!]!;
      if (file.holds === "pictures") throw new InputError(`${file.path} holds pictures; give tensors.`);
      return file.read(at);
    },
  };
}

/** How steps of several inputs are cut into sequences. Throws InputError where they differ, and where no sequence has a second step. */
export function sharedLengths(columns: readonly Steps[]): readonly number[] {
  const [lead, ...others] = columns.map((column) => ({ name: column.port.name, lengths: lengthsOf(column) }));
  const { name, lengths } = lead!;
  const other = others.find((each) => each.lengths.join() !== lengths.join());
  if (other) {
    throw new InputError(
      `The data holds ${sequencesText(lengths)} of ${name} and ${sequencesText(other.lengths)} of ${other.name}; give it the same of each.`,
    );
  }
  if (lengths.every((steps) => steps === 1)) {
    throw new InputError(
      `No sequence of the data has a second step (it holds ${sequencesText(lengths)}), so no state would be carried; give the steps of a sequence in one file, along its first axis.`,
    );
  }
  return lengths;
}

export function repeatNotice({ name }: Port): Notice {
  const message = `The data holds one sample of ${name} a sequence, which each of its steps is given.`;
  return { kind: "info", subject: name, message };
}

/** Says how the data was read, and what each sequence begins with. */
export function sequencesNotice(lengths: readonly number[], begins: string): Notice {
  const message = `The data is read as ${sequencesText(lengths)}, and each begins with ${begins}; every step is a sample.`;
  return { kind: "info", subject: "sequences", message };
}

function sequencesText(lengths: readonly number[]): string {
  const least = lengths.reduce((low, steps) => Math.min(low, steps), Infinity);
  const most = lengths.reduce((high, steps) => Math.max(high, steps), 0);
  const steps = least === most ? plural(most, "step") : `${least} to ${plural(most, "step")}`;
  return `${plural(lengths.length, "sequence")} of ${steps}`;
}
