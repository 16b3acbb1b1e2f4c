import { expect, test } from "vitest";
import type { GroupFigures } from "../../engine/model/analysis.ts";
import type { Recipe } from "../../engine/model/recipe.ts";
import type { ModelSummary } from "../../engine/model/summary.ts";
import type { SensitivityFigure } from "./figures.ts";
import {
  commonStart,
  filterRows,
  type Known,
  measuredOf,
  type Row,
  rowsOf,
  sortRows,
  worseSqnr,
  worstRow,
} from "./layers.ts";

const row = (id: string, operator: string, group: string | null): Row => ({
  id,
  name: id,
  operator,
  outputs: [id],
  weight: null,
  precision: group ? "int8" : "float32",
  reason: null,
  group,
  fusedWith: null,
  free: true,
});
const figures = (group: string, sqnr: number): [string, GroupFigures] => [
  group,
  { group, figures: { sqnr } } as GroupFigures,
];

const rows = [
  row("conv1", "Conv", "a"),
  row("soft", "Softmax", null),
  row("conv2", "Conv", "b"),
  row("add", "Add", "c"),
];
const overview = new Map([figures("a", 30), figures("b", Number.POSITIVE_INFINITY), figures("c", Number.NaN)]);
const sensitivity = new Map(
  [
    ["conv1", 20, 0.6],
    ["add", 40, 0.2],
  ].map(
    ([id, value, share]) =>
      [id, { value, cost: -Number(value), share } as SensitivityFigure] as [string, SensitivityFigure],
  ),
);
const known: Known = { overview, weightSqnr: new Map(), sensitivity };
const ids = (sorted: readonly Row[]) => sorted.map((entry) => entry.id);

test("rows without a figure come last in both directions, in graph order", () => {
  expect(ids(sortRows(rows, known, { key: "sqnr", descending: false }))).toEqual(["conv1", "conv2", "soft", "add"]);
  expect(ids(sortRows(rows, known, { key: "sqnr", descending: true }))).toEqual(["conv2", "conv1", "soft", "add"]);
});

test("the figure of a layer is the worse of its values and its weight, in order and in filters", () => {
  const ruined = {
    ...known,
    weightSqnr: new Map([
      ["conv1", 4.4],
      ["conv2", 35],
    ]),
  };
  expect(worseSqnr(30, 4.4)).toEqual({ sqnr: 4.4, of: "weight" });
  expect(worseSqnr(30, 35)).toEqual({ sqnr: 30, of: "values" });
  expect(worseSqnr(Number.NaN, undefined)).toBeNull();
  expect(ids(filterRows(rows, "sqnr<20", known))).toEqual([]);
  expect(ids(filterRows(rows, "sqnr<20", ruined))).toEqual(["conv1"]);
  expect(ids(sortRows(rows, ruined, { key: "sqnr", descending: false }))).toEqual(["conv1", "conv2", "soft", "add"]);
});

test("a filter needs every word, in name, operator or precision", () => {
  expect(ids(filterRows(rows, "CONV 2", known))).toEqual(["conv2"]);
  expect(ids(filterRows(rows, "float", known))).toEqual(["soft"]);
  expect(filterRows(rows, "  ", known)).toBe(rows);
});

test("sorted by sensitivity the highest cost comes first when descending, and what was not measured last", () => {
  const sorted = sortRows(rows, known, { key: "sensitivity", descending: true });
  expect(ids(sorted)).toEqual(["conv1", "add", "soft", "conv2"]);
});

test("a filter compares figures, and what has none is left out", () => {
  expect(ids(filterRows(rows, "sqnr<=30", known))).toEqual(["conv1"]);
  expect(ids(filterRows(rows, "conv sqnr>30", known))).toEqual(["conv2"]);
  expect(ids(filterRows(rows, "sens>0.5", known))).toEqual(["conv1"]);
  expect(ids(filterRows(rows, "sens<0.6", known))).toEqual(["add"]);
  const clipped = { group: "a", figures: { sqnr: 30, clipped: 0.02 } } as GroupFigures;
  const other = { ...known, weightSqnr: new Map(), overview: new Map([["a", clipped]]) };
  expect(ids(filterRows(rows, "clipped>1%", other))).toEqual(["conv1"]);
  expect(ids(filterRows(rows, "clipped>2", other))).toEqual([]);
});

test("a comparison still being written hides nothing", () => {
  expect(ids(filterRows(rows, "sqnr< conv", known))).toEqual(["conv1", "conv2"]);
});

test("the worst row is that of the lowest SQNR whose range can be moved, not one fused with it", () => {
  const fused = { ...row("conv0", "Conv", "a"), fusedWith: "conv1" };
  expect(worstRow([fused, ...rows], overview)?.id).toBe("conv1");
  const fixed = { group: "c", source: "fixed", figures: { sqnr: 1 } } as GroupFigures;
  expect(worstRow(rows, new Map([...overview, ["c", fixed]]))?.id).toBe("conv1");
  expect(worstRow(rows, new Map())).toBeNull();
});

test("names lose what all begin with, and the operator at their end unless they need it", () => {
  const layer = (id: string, operator: string) => ({ id, operator, outputs: [], precision: "int8" });
  const layers = [
    layer("/m/a/Conv", "Conv"),
    layer("/m/a/Relu", "Relu"),
    layer("/m/b/Add", "Add"),
    layer("/m/Gemm", "Gemm"),
    layer("/m/b/Add_1", "Add"),
  ];
  const plan = { layers, activations: [] } as unknown as ModelSummary;
  const recipe = { float: { layers: [], operators: [], tensors: [] } } as unknown as Recipe;
  expect(rowsOf(plan, recipe).map(({ name }) => name)).toEqual(["a/Conv", "a/Relu", "b", "Gemm", "b/Add_1"]);
});

test("what all names begin with is told up to a separator", () => {
  expect(commonStart(["net0_conv0_fwd", "net0_conv1_fwd", "net0_relu0"])).toBe("net0_".length);
  expect(commonStart(["/features/conv", "/features/conv.1"])).toBe("/features/".length);
  expect(commonStart(["Conv_0", "Relu_1"])).toBe(0);
  expect(commonStart(["a_b"])).toBe(0);
});

test("a layer whose output has no range of its own shows that of the layer it is fused with", () => {
  const layer = (id: string, outputs: string[]) => ({ id, operator: "Conv", outputs, precision: "int8" });
  const plan = {
    layers: [layer("conv", ["c"]), layer("relu", ["r"]), layer("split", ["s"])],
    activations: [
      { name: "x", producer: null, consumers: ["conv"], group: "x" },
      { name: "c", producer: "conv", consumers: ["relu"], group: null },
      { name: "r", producer: "relu", consumers: ["split"], group: "r" },
      { name: "s", producer: "split", consumers: ["conv", "relu"], group: null },
    ],
    groups: [{ id: "x" }],
  } as unknown as ModelSummary;
  const recipe = {
    activations: { type: "uint8", symmetric: false },
    float: { layers: [], operators: [], tensors: [] },
  } as unknown as Recipe;
  const wide = { ...plan, groups: [{ id: "x", wide: "read-in-8" }] } as unknown as ModelSummary;
  expect([plan, wide].map((each) => rowsOf(each, recipe)[0]!.precision)).toEqual(["int8", "int16"]);
  expect(rowsOf(plan, recipe).map(({ id, group, fusedWith }) => [id, group, fusedWith])).toEqual([
    ["input x", "x", null],
    ["conv", "r", "relu"],
    ["relu", "r", null],
    ["split", null, null],
  ]);
});

test("a row without a measurement takes that of the layer fused with it", () => {
  const rows = [{ id: "a", fusedWith: "relu" }, { id: "relu" }, { id: "pool" }] as unknown as Row[];
  expect(rows.map((row) => measuredOf([{ layer: "a" }], row, rows)?.layer ?? null)).toEqual(["a", "a", null]);
});
