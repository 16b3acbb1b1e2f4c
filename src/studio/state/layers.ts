import type { GroupFigures } from "../../engine/model/analysis.ts";
import { schemeOf } from "../../engine/model/range.ts";
import type { Reason } from "../../engine/model/reason.ts";
import type { Recipe } from "../../engine/model/recipe.ts";
import type { Layer, ModelSummary } from "../../engine/model/summary.ts";
import { precisionOf } from "../../engine/values/codes.ts";
import type { SensitivityFigure } from "./figures.ts";
import { type FilterFigure, filterWords } from "./filter.ts";
import type { Sort, SortKey } from "./slices/view.ts";

/** What is known of the rows: estimates by group, SQNR of weights and measured sensitivity by layer. */
export interface Known {
  readonly overview: ReadonlyMap<string, GroupFigures>;
  readonly weightSqnr: ReadonlyMap<string, number>;
  readonly sensitivity: ReadonlyMap<string, SensitivityFigure>;
}

/** A layer, or a model input, as the list shows it. */
export interface Row {
  readonly id: string;
  /** The id without what all ids begin with, nor the operator that many end with. */
  readonly name: string;
  readonly operator: string;
  readonly outputs: readonly string[];
  readonly weight: string | null;
  readonly precision: Layer["precision"];
  /** Why it stays in float; of a layer the plan's reason, of an input words. */
  readonly reason: Reason | string | null;
  /** The group of the first output that has one, else that of the layer it is fused with. */
  readonly group: string | null;
  /** The one layer that reads an output without a range of its own, such as the Relu after a Conv. */
  readonly fusedWith: string | null;
  /** Whether its precision is the person's to choose. */
  readonly free: boolean;
}

/** Model inputs first, then the layers in graph order. */
export function rowsOf(plan: ModelSummary, recipe: Recipe): readonly Row[] {
  const activations = new Map(plan.activations.map((activation) => [activation.name, activation]));
  const byId = new Map(plan.layers.map((layer) => [layer.id, layer]));
  const groupOf = (layer: Layer | undefined) =>
    layer?.outputs.map((output) => activations.get(output)?.group ?? null).find((group) => group !== null) ?? null;
  const readerOf = (layer: Layer) => {
    const [reader, ...others] = activations.get(layer.outputs[0] ?? "")?.consumers ?? [];
    return reader !== undefined && others.length === 0 && layer.precision !== "float32" ? reader : null;
  };
  const names = shortNames(plan.layers);
  const inputs = plan.activations
    .filter((activation) => activation.producer === null)
    .map((activation): Row => {
      const group = plan.groups.find(({ id }) => id === activation.group);
      const alone = activation.isHalf ? "float16" : "float32";
      return {
        id: `input ${activation.name}`,
        name: activation.name,
        operator: "Input",
        outputs: [activation.name],
        weight: null,
        precision: activation.group ? precisionOf(schemeOf(group ?? {}, recipe.activations).type) : alone,
        reason: activation.group || activation.isHalf ? null : "stays in float",
        group: activation.group,
        fusedWith: null,
        free: false,
      };
    });
  const layers = plan.layers.map((layer, index): Row => {
    const own = groupOf(layer);
    const reader = own === null ? readerOf(layer) : null;
    const fused = reader === null ? null : groupOf(byId.get(reader));
    return {
      id: layer.id,
      name: names[index]!,
      operator: layer.operator,
      outputs: layer.outputs,
      weight: layer.weight,
      precision: layer.precision,
      reason: layer.reason,
      group: own ?? fused,
      fusedWith: fused === null ? null : reader,
      free:
        layer.reason === null ||
        recipe.float.layers.includes(layer.id) ||
        (recipe.float.stored?.includes(layer.id) ?? false),
    };
  });
  return [...inputs, ...layers];
}

/** Names without what all begin with, and without an operator at their end where they stay apart without it. */
function shortNames(layers: readonly Layer[]): readonly string[] {
  const shared = commonStart(layers.map((layer) => layer.id));
  const tails = layers.map(({ id }) => id.slice(shared));
  const trimmed = layers.map(({ operator }, index) => {
    const tail = tails[index]!;
    return tail.endsWith(`/${operator}`) ? tail.slice(0, -operator.length - 1) : tail;
  });
  const counts = new Map<string, number>();
  for (const name of trimmed) counts.set(name, (counts.get(name) ?? 0) + 1);
  return trimmed.map((name, index) => (name !== "" && counts.get(name) === 1 ? name : tails[index]!));
}

/** How many characters all ids begin with, up to a separator. */
export function commonStart(ids: readonly string[]): number {
  const [first, ...others] = ids;
  if (first === undefined || others.length === 0) return 0;
  let length = first.length;
  for (const id of others) {
    let same = 0;
    while (same < length && id[same] === first[same]) same++;
    length = same;
  }
  return first.slice(0, length).search(/[^._/:]*$/);
}

/** Rows whose name, operator or precision has every word of the filter, and whose figures pass its comparisons. */
export function filterRows(rows: readonly Row[], filter: string, known: Known): readonly Row[] {
  const words = filterWords(filter);
  if (words.length === 0) return rows;
  return rows.filter((row) => {
    const text = `${row.id} ${row.operator} ${row.precision === "float32" ? "float" : row.precision}`.toLowerCase();
    return words.every((word) => {
      if ("text" in word) return text.includes(word.text);
      const value = figureOf(row, known, word.figure);
      return value !== null && word.holds(value);
    });
  });
}

function figureOf(row: Row, { overview, weightSqnr, sensitivity }: Known, figure: FilterFigure): number | null {
  if (figure === "sens") return sensitivity.get(row.id)?.share ?? null;
  const value = row.group === null ? undefined : overview.get(row.group)?.figures[figure];
  if (figure === "sqnr") return worseSqnr(value, weightSqnr.get(row.id))?.sqnr ?? null;
  return value === undefined || Number.isNaN(value) ? null : value;
}

/** The lower of what is known of a layer's values and of its weight, dB; null where neither is. */
export function worseSqnr(
  values: number | undefined,
  weight: number | undefined,
): { readonly sqnr: number; readonly of: "values" | "weight" } | null {
  const isKnown = (sqnr: number | undefined): sqnr is number => sqnr !== undefined && !Number.isNaN(sqnr);
  if (isKnown(weight) && !(isKnown(values) && values <= weight)) return { sqnr: weight, of: "weight" };
  return isKnown(values) ? { sqnr: values, of: "values" } : null;
}

/** The layer that is looked at before anything is known of the values: the first that is quantized. */
export function firstLayer({ layers }: ModelSummary): string | null {
  return (layers.find((layer) => layer.precision !== "float32") ?? layers[0])?.id ?? null;
}

/** The row of the group with the lowest SQNR among those whose range can be moved; null without estimates. */
export function worstRow(rows: readonly Row[], overview: ReadonlyMap<string, GroupFigures>): Row | null {
  const movable = [...overview.values()].filter(
    ({ source, figures }) => source !== "fixed" && !Number.isNaN(figures.sqnr),
  );
  const lowest = movable.reduce<GroupFigures | null>(
    (worst, entry) => (worst === null || entry.figures.sqnr < worst.figures.sqnr ? entry : worst),
    null,
  );
  return rows.find((row) => row.group === lowest?.group && row.fusedWith === null) ?? null;
}

/** Sorted by a column; rows without a figure come last either way, and equals keep graph order. */
export function sortRows(rows: readonly Row[], known: Known, sort: Sort): readonly Row[] {
  if (sort.key === "order") return sort.descending ? [...rows].reverse() : rows;
  const direction = sort.descending ? -1 : 1;
  const keys = new Map(rows.map((row) => [row, sortValue(row, known, sort.key)]));
  return [...rows].sort((a, b) => {
    const left = keys.get(a) ?? null;
    const right = keys.get(b) ?? null;
    if (left === null || right === null) return left === right ? 0 : left === null ? 1 : -1;
    return left === right ? 0 : left < right ? -direction : direction;
  });
}

function sortValue(row: Row, known: Known, key: SortKey): string | number | null {
  if (key === "sqnr" || key === "clipped") return figureOf(row, known, key);
  if (key === "sensitivity") return known.sensitivity.get(row.id)?.cost ?? null;
  if (key === "name") return row.name;
  return key === "operator" ? row.operator : row.precision;
}

/** What was measured of a row, or of the layer that it is fused to. */
export function measuredOf<T extends { readonly layer: string }>(
  measured: readonly T[],
  row: Row,
  rows: readonly Row[],
): T | null {
  const own = measured.find(({ layer }) => layer === row.id);
  if (own) return own;
  const fused = rows.filter(({ fusedWith }) => fusedWith === row.id).map(({ id }) => id);
  return measured.find(({ layer }) => fused.includes(layer)) ?? null;
}
