import type { Port, Tensor } from "../model/tensor.ts";
import { elementCount } from "../values/dims.ts";

/** A row has a counterpart where no value is further from its own than this share of the largest of its column. */
const TOLERANCE = 0.05;
/** More rows are counted, not matched. */
const MOST_ROWS = 2000;

/** By output that data shapes, the last axis of which the size is open. */
export function rowAxes(outputs: readonly Port[], dataShaped: ReadonlySet<string>): ReadonlyMap<string, number> {
  const axes = outputs
    .filter(({ name }) => dataShaped.has(name))
    .map(({ name, dims }) => [name, dims.findLastIndex((dim) => typeof dim !== "number")] as const);
  return new Map(axes.filter(([, axis]) => axis >= 0));
}

/** Compares an output of two models as sets of rows along one axis, sample by sample: their numbers may differ. */
export class RowSets {
  #float = 0;
  #quantized = 0;
  #matched = 0;
  #isMatched = true;

  add(float: Tensor, quantized: Tensor, axis: number): void {
    const [rows, others] = [rowsOf(float, axis), rowsOf(quantized, axis)];
    this.#float += rows.length;
    this.#quantized += others.length;
    if (Math.max(rows.length, others.length) > MOST_ROWS) this.#isMatched = false;
    else this.#matched += float.type.startsWith("float") ? nearRows(rows, others) : equalRows(rows, others);
  }

  /** Rows of all samples, and the share of them that has a counterpart in the other model, 1 where there are none; null where there are too many. */
  result(): { readonly float: number; readonly quantized: number; readonly same: number | null } {
    const [float, quantized] = [this.#float, this.#quantized];
    const all = float + quantized;
    return { float, quantized, same: this.#isMatched ? (all === 0 ? 1 : (2 * this.#matched) / all) : null };
  }
}

type Row = readonly number[];

function rowsOf({ dims, data }: Tensor, axis: number): Row[] {
  const length = dims[axis] ?? 1;
  const inner = elementCount(dims.slice(axis + 1));
  const outer = elementCount(dims.slice(0, axis));
  return Array.from({ length }, (_, row) =>
    Array.from({ length: outer * inner }, (__, at) => {
      const [before, after] = [Math.floor(at / inner), at % inner];
      return Number(data[(before * length + row) * inner + after]);
    }),
  );
}

/** How many rows find another that is within tolerance, each another one: the nearest that is left. */
function nearRows(rows: readonly Row[], others: readonly Row[]): number {
  const reach = (rows[0] ?? []).map((_, at) =>
    rows.reduce((most, row) => Math.max(most, Math.abs(row[at] as number)), 0),
  );
  const left = new Set(others);
  let matched = 0;
  for (const row of rows) {
    let best: Row | null = null;
    let least = TOLERANCE;
    for (const other of left) {
      const far = row.reduce((most, value, at) => Math.max(most, distance(value, other[at] as number, reach[at]!)), 0);
      if (far <= least) [best, least] = [other, far];
    }
    if (!best) continue;
    left.delete(best);
    matched++;
  }
  return matched;
}

function distance(value: number, other: number, reach: number): number {
  if (value === other) return 0;
  const far = Math.abs(value - other) / reach;
  return Number.isNaN(far) ? Number.POSITIVE_INFINITY : far;
}

function equalRows(rows: readonly Row[], others: readonly Row[]): number {
  const counts = new Map<string, number>();
  for (const row of others) counts.set(row.join(), (counts.get(row.join()) ?? 0) + 1);
  let matched = 0;
  for (const row of rows) {
    const left = counts.get(row.join()) ?? 0;
    if (left === 0) continue;
    counts.set(row.join(), left - 1);
    matched++;
  }
  return matched;
}
