import Papa from "papaparse";
import type { DataFile } from "../model/dataset.ts";
import { InputError } from "../model/job.ts";

export interface CsvRow {
  /** From 1, of rows. */
  readonly line: number;
  readonly cells: readonly string[];
}

/** Bytes that are read at a time. */
const PART = 2 ** 20;

/**
 * The rows of a CSV file that are not empty, `part` bytes at a time: of the file no more is in memory than that, and a row that goes on beyond it.
 * Throws InputError for a quote that is not closed.
 */
export async function* csvRows(file: DataFile, part = PART): AsyncGenerator<CsvRow> {
  const decoder = new TextDecoder();
  const ends = new RowEnds();
  let held = "";
  let line = 0;
  for (let start = 0; start < file.size; start += part) {
    const end = Math.min(start + part, file.size);
    const isLast = end === file.size;
    const text = decoder.decode(await file.read(start, end), { stream: !isLast });
    const whole = ends.lastIn(text);
    if (!isLast && whole === 0) {
      held += text;
      continue;
    }
    const cut = isLast ? text.length : whole;
    const rows = held + text.slice(0, cut);
    held = text.slice(cut);
    for (const cells of parse(rows, file.path, line)) {
      line++;
      const trimmed = cells.map((cell) => cell.trim());
      if (trimmed.some((cell) => cell !== "")) yield { line, cells: trimmed };
    }
  }
}

/** `before` rows come before these. What ends in a line break has no empty row after it, unless it is the file's last. */
function parse(rows: string, path: string, before: number): readonly (readonly string[])[] {
  const text = rows.replace(/\r?\n$/, "");
  if (text === "") return [[""]];
  const { data, errors } = Papa.parse<string[]>(text, { delimiter: "," });
  const broken = errors.find((error) => error.type === "Quotes");
  if (broken) throw new InputError(`${path}, line ${before + (broken.row ?? 0) + 1}: a quote is not closed; close it.`);
  return data;
}

/** Where rows end in a text that comes in parts: at line breaks that are in no quoted cell, which begins with its quote. */
class RowEnds {
  #isQuoted = false;
  #atStart = true;
  /** Whether a quote in a quoted cell was the last character: it ends the cell, or is one half of a quote in it. */
  #ending = false;

  /** One past the last line break in the next part that ends a row; 0 where none does. */
  lastIn(part: string): number {
    let last = 0;
    for (let i = 0; i < part.length; i++) {
      const character = part[i];
      if (this.#ending) {
        this.#ending = false;
        if (character === '"') continue;
        this.#isQuoted = false;
      }
      if (this.#isQuoted) {
        this.#ending = character === '"';
        continue;
      }
      if (character === '"' && this.#atStart) {
        this.#isQuoted = true;
        this.#atStart = false;
        continue;
      }
      this.#atStart = character === "," || character === "\n";
      if (character === "\n") last = i + 1;
    }
    return last;
  }
}
