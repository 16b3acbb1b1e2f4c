import type { DataFile } from "../model/dataset.ts";
import { InputError } from "../model/job.ts";
import { own } from "../model/record.ts";
import type { Port, Tensor } from "../model/tensor.ts";
import { dimsText, elementCount } from "../values/dims.ts";
import type { DataType } from "../values/elementTypes.ts";
import { checkFinite, convertElements } from "./elements.ts";
import type { NamedFile } from "./named.ts";
import { type SequenceLayout, sequenceLayout } from "./sequences.ts";
import { fits } from "./shape.ts";

/** Bytes looked through for ends of lines at a time. */
const PIECE = 1 << 20;
const LINE_FEED = 10;

interface Line {
  /** As editors count it, from 1. */
  readonly number: number;
  readonly start: number;
  readonly end: number;
}

type Values = Readonly<Record<string, unknown>>;

/**
 * Opens JSON lines: an object a line, a sample each, of numbers or nested lists of them by input. Of the file, where its lines
 * are is kept, and the first is read for the names. Throws InputError where that is no such object.
 */
export async function readJsonLines(file: DataFile): Promise<NamedFile> {
  const lines = await linesOf(file);
  const [first] = lines;
  if (!first) throw new InputError(`${file.path} is empty; give it an object of input names and values a line.`);
  let last: { readonly line: Line; readonly values: Promise<Values> } | null = null;
  const valuesOf = (line: Line): Promise<Values> => {
    if (last?.line !== line) last = { line, values: parsed(file, line) };
    return last.values;
  };
  const nested = async (line: Line, name: string): Promise<Nested> => {
    const where = `${file.path}, line ${line.number}`;
    const value = own(await valuesOf(line), name);
    if (value === undefined) throw new InputError(`${where} has no ${name}, as the first line has; add it.`);
    return nestedOf(value, `${where}: ${name}`);
  };
  return {
    kind: "jsonl",
    file,
    names: Object.keys(await valuesOf(first)),
    async samples(name, port, type) {
      const read = async (index: number) => tensorOf(await nested(lines[index]!, name), port, type);
      const bytes = (index: number) => file.read(lines[index]!.start, lines[index]!.end);
      return [{ path: file.path, count: lines.length, holds: "tensors", bytes, read }];
    },
    async steps(name, port, type) {
      const cells: { readonly line: Line; readonly step: number }[] = [];
      const sequences: number[] = [];
      for (const line of lines) {
        const { steps } = stepsOf(await nested(line, name), port);
        sequences.push(steps);
        for (let step = 0; step < steps; step++) cells.push({ line, step });
      }
      let last: { readonly line: Line; readonly held: Nested } | null = null;
      const read = async (index: number): Promise<Tensor> => {
        const { line, step } = cells[index]!;
        if (last?.line !== line) last = { line, held: await nested(line, name) };
        const { numbers, source } = last.held;
        const { dims } = stepsOf(last.held, port);
        const length = elementCount(dims);
        return elementsOf(numbers.slice(step * length, (step + 1) * length), dims, type, source);
      };
      const bytes = async (index: number) => {
        const { data } = await read(index);
        return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
      };
      return { path: file.path, count: cells.length, sequences, holds: "tensors", bytes, read };
    },
  };
}

async function linesOf(file: DataFile): Promise<Line[]> {
  const lines: Line[] = [];
  let start = 0;
  let number = 1;
  let isBlank = true;
  const end = (at: number) => {
    if (!isBlank) lines.push({ number, start, end: at });
    number++;
    start = at + 1;
    isBlank = true;
  };
  for (let from = 0; from < file.size; from += PIECE) {
    const bytes = await file.read(from, Math.min(from + PIECE, file.size));
    for (let i = 0; i < bytes.length; i++) {
      if (bytes[i] === LINE_FEED) end(from + i);
      else if (bytes[i]! > 32) isBlank = false;
    }
  }
  end(file.size);
  return lines;
}

async function parsed(file: DataFile, { number, start, end }: Line): Promise<Values> {
  const text = new TextDecoder().decode(await file.read(start, end));
  let value: unknown = null;
  try {
    value = JSON.parse(text);
  } catch {
    value = null;
  }
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Values;
  throw new InputError(
    `${file.path}, line ${number} is no JSON object; give it one of input names and lists of numbers, such as {"input_ids": [1, 2]}.`,
  );
}

/** Numbers in nested lists of equal lengths. */
interface Nested {
  readonly source: string;
  readonly dims: readonly number[];
  readonly numbers: readonly number[];
}

function nestedOf(value: unknown, source: string): Nested {
  const dims: number[] = [];
  for (let part = value; Array.isArray(part); part = part[0]) dims.push(part.length);
  const numbers: number[] = [];
  flatten(value, dims, 0, numbers, source);
  return { source, dims, numbers };
}

function tensorOf({ source, dims, numbers }: Nested, port: Port, type: DataType): Tensor {
  const wanted = [dims, [1, ...dims]].find((each) => fits(each, port.dims));
  if (!wanted) {
    throw new InputError(
      `${source} is ${dimsText(dims)}, which does not fit input "${port.name}" (${dimsText(port.dims)}); give it samples of that shape.`,
    );
  }
  return elementsOf(numbers, wanted, type, source);
}

/** A line is one sequence. */
function stepsOf({ source, dims }: Nested, port: Port): SequenceLayout {
  const layout = sequenceLayout([1, ...dims], port, source);
  if (layout && layout.steps * layout.sequences > 0) return layout;
  throw new InputError(
    `${source} is ${dimsText(dims)}, which is no sequence of steps for input "${port.name}" (${dimsText(port.dims)}); give it a list of steps.`,
  );
}

function elementsOf(numbers: readonly number[], dims: readonly number[], type: DataType, source: string): Tensor {
  const beyond = numbers.find((each) => Number.isInteger(each) && !Number.isSafeInteger(each));
  if (beyond !== undefined && !type.startsWith("float")) {
    throw new InputError(`${source} holds ${beyond}, which JSON does not hold exactly; give it in a .npz file.`);
  }
  const data = convertElements(Float64Array.from(numbers), type, source);
  checkFinite(data, type, source);
  return { type, dims, data };
}

/** Characters of a value that are quoted. */
const SHOWN = 60;

function shown(value: unknown): string {
  const text = JSON.stringify(value);
  return text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text;
}

function flatten(value: unknown, dims: readonly number[], depth: number, numbers: number[], source: string): void {
  if (depth === dims.length) {
    if (typeof value !== "number" && typeof value !== "boolean") {
      throw new InputError(`${source} holds ${shown(value)}; give it numbers, in lists of equal lengths.`);
    }
    numbers.push(Number(value));
    return;
  }
  if (!Array.isArray(value) || value.length !== dims[depth]) {
    throw new InputError(`${source} holds lists of different lengths or depths; give it lists of equal lengths.`);
  }
  for (const part of value) flatten(part, dims, depth + 1, numbers, source);
}
