import fc from "fast-check";
import Papa from "papaparse";
import { expect, test } from "vitest";
import { type CsvRow, csvRows } from "./csvRows.ts";
import { memoryFile } from "./testing/files.ts";

async function rowsOf(text: string, part: number): Promise<CsvRow[]> {
  const rows: CsvRow[] = [];
  for await (const row of csvRows(memoryFile("labels.csv", text), part)) rows.push(row);
  return rows;
}

test("rows are the same however many bytes are read at a time: quotes, line breaks in them, and characters of several bytes", async () => {
  const piece = fc.constantFrom("a", "é", "\u{1f600}", ",", '"', '""', "\n", "\r\n", ' "', "12");
  const cell = fc.oneof(
    fc.array(piece, { maxLength: 4 }).map((parts) => parts.join("")),
    fc.constantFrom("x", "7"),
  );
  const table = fc.array(fc.array(cell, { minLength: 1, maxLength: 3 }), { maxLength: 6 });
  await fc.assert(
    fc.asyncProperty(
      table,
      fc.constantFrom("\n", "\r\n"),
      fc.integer({ min: 1, max: 9 }),
      async (cells, newline, part) => {
        const text = Papa.unparse(cells, { newline });
        expect(await rowsOf(text, part)).toEqual(await rowsOf(text, 2 ** 20));
        const whole = Papa.parse<string[]>(text, { delimiter: "," }).data;
        const trimmed = whole.map((row) => row.map((each) => each.trim()));
        expect((await rowsOf(text, part)).map((row) => row.cells)).toEqual(
          trimmed.filter((row) => row.some((each) => each !== "")),
        );
      },
    ),
    { numRuns: 300 },
  );
});

test("lines are counted through empty rows, and a quote that is not closed is refused with its line", async () => {
  const text = "a,1\n\n\nb,2\n";
  for (const part of [1, 3, 4, 100]) {
    expect(await rowsOf(text, part)).toEqual([
      { line: 1, cells: ["a", "1"] },
      { line: 4, cells: ["b", "2"] },
    ]);
    await expect(rowsOf(`${text}c,"3`, part)).rejects.toThrow("labels.csv, line 5: a quote is not closed; close it.");
  }
});
