import type { RangeReport } from "../../model/analysis.ts";
import { type RecipeFormat, unscaledText } from "../../model/format.ts";
import { refinementText } from "../../model/refinement.ts";
import type { Report } from "../../model/report.ts";
import type { ReportedLayer } from "../../model/summary.ts";
import { dimsText } from "../../values/dims.ts";
import { count, interval, plural, significant } from "../../values/figures.ts";
import { percent } from "../../values/shares.ts";
import { decibel } from "../../values/units.ts";
import { lowestBars, sparkline, sqnrChart } from "./charts.ts";
import { html, type Markup } from "./markup.ts";

/** A line of the table: an input or a layer, and the range its result takes. */
interface Row {
  readonly number: number;
  readonly name: string;
  readonly layer: ReportedLayer | null;
  /** The range that this row's result is the first to take. */
  readonly range: RangeReport | null;
  /** The name of the tensor whose range the result shares. */
  readonly shared: string | null;
}

const SOURCES: Readonly<Record<string, string>> = {
  hand: "by hand",
  fixed: "fixed by the operator",
  minmax: "min-max",
  mse: "MSE",
};

/** What there is to say of a layer without ranges, by format. */
const ALONE: Readonly<Partial<Record<RecipeFormat, string>>> = {
  weights: "what it reads and makes stays in float",
  dynamic: "what it reads is rounded as the model runs where it is multiplied in integers, and what it makes is float",
  q4f16: "what it reads and makes is float16, or float32 where float16 would overflow",
};

/** SQNR over the depth of the model, then every layer with its range. */
export function layersSection(report: Report): Markup {
  const rows = rowsOf(report);
  const { elsewhere } = report.model;
  const inFloat = new Set(elsewhere === undefined ? report.model.floatKernels : []);
  const bars = rows.flatMap(({ number, range }) => (range ? [{ number, value: range.chosen.figures.sqnr }] : []));
  const names = new Map(rows.map(({ number, name }) => [number, name]));
  const samples = plural(report.calibration.observed.length, "calibration sample");
  const chart = sqnrChart(bars);
  const lowest = lowestBars(bars).map(({ number, value }) => {
    return html`<li><span class="number">${number}</span> <code>${names.get(number) ?? ""}</code> ${decibel(value)}</li>`;
  });
  const note =
    elsewhere !== undefined
      ? `Layers make bfloat16, which ${elsewhere} computes in and nothing here: there is nothing to estimate, and nothing was measured.`
      : report.ranges.length > 0
        ? `Estimated from the histograms of ${samples}, not measured: what rounding and clipping does to each activation by itself. Errors that add up along the network are not in it.`
        : report.recipe.format === "dynamic"
          ? "The scales of activations are found as the model runs: there is nothing to estimate."
          : `Every activation stays in ${unscaledText(report.recipe)}.`;
  return html`<section><h2>Activations, estimated</h2>
<p class="note">${note}</p>
${chart && html`<figure>${chart}<figcaption>SQNR of each quantized activation in graph order; higher is better. The lowest:</figcaption><ol class="lowest">${lowest}</ol></figure>`}
<table class="layers"><thead><tr><th scope="col">#</th><th scope="col">Layer</th><th scope="col">Precision</th><th scope="col">Clip range</th><th scope="col">Histogram</th><th scope="col">Clipped</th><th scope="col">SQNR</th></tr></thead><tbody>
${rows.map((row) => rowMarkup(row, (elsewhere === undefined ? ALONE[report.recipe.format] : `in bfloat16, computed so by ${elsewhere}, not run here`) ?? null, inFloat.has(row.layer?.id ?? "")))}
</tbody></table>
<p class="note">Histogram heights are logarithmic; shaded is what the clip range leaves out. I8, I4 and I2 are int8, int4 and int2 weights, or int8 arithmetic${inFloat.size > 0 ? ", but where a layer is said to be computed in float" : ""}; U8, U4 and U2 are weights with zero points, N4 in NormalFloat; C16 and C256 are places in a table of so many values; F32 stays in float.</p>
</section>`;
}

export function weightsSection({ weights, refinement }: Pick<Report, "weights" | "refinement">): Markup {
  const nearest = new Map(refinement?.weights.map((each) => [each.weight, each.nearest]));
  return html`<section><h2>Weights</h2>
<p class="note">Computed from the weights themselves. The weakest channel shows what one scale for many channels costs.</p>
${refinement ? html`<p class="note">In words: ${refinementText(refinement)}.</p>` : null}
<table><thead><tr><th scope="col">Weight</th><th scope="col">Shape</th><th scope="col">Scales</th>${refinement ? html`<th scope="col">SQNR by the largest weights</th>` : null}<th scope="col">SQNR</th><th scope="col">Weakest channel</th></tr></thead><tbody>
${weights.map(({ name, dims, axis, block, sqnr, leastSqnr }) => {
  const scales =
    block !== undefined
      ? `one in ${block} weights`
      : axis === null
        ? "one, per tensor"
        : `${count(dims[axis] ?? 1)}, per channel`;
  const other = nearest.get(name);
  return html`<tr><th scope="row"><code>${name}</code></th><td>${dimsText(dims)}</td><td>${scales}</td>${refinement ? html`<td>${other === undefined ? "" : decibel(other)}</td>` : null}<td>${decibel(sqnr)}</td><td>${decibel(leastSqnr)}</td></tr>`;
})}
</tbody></table></section>`;
}

function rowsOf({ model, ranges }: Report): Row[] {
  const rangeOf = new Map(ranges.flatMap((range) => range.members.map((member) => [member, range] as const)));
  const produced = new Set(model.layers.flatMap(({ outputs }) => outputs));
  const inputs = ranges.filter(({ group }) => !produced.has(group));
  const rows = inputs.map((range) => ({ name: range.group, layer: null, range, shared: null }));
  const layers = model.layers.map((layer) => {
    const quantized = layer.outputs.find((output) => rangeOf.has(output));
    const range = quantized === undefined ? null : (rangeOf.get(quantized) ?? null);
    const isFirst = range?.group === quantized;
    return { name: layer.id, layer, range: isFirst ? range : null, shared: isFirst ? null : (range?.group ?? null) };
  });
  return [...rows, ...layers].map((row, i) => ({ number: i + 1, ...row }));
}

function rowMarkup({ number, name, layer, range, shared }: Row, alone: string | null, inFloat: boolean): Markup {
  const mark = markOf(layer?.precision ?? "int8");
  const precision = html`<span class="precision ${mark.toLowerCase()}">${mark}</span>`;
  const head = html`<td>${number}</td><th scope="row"><code>${name}</code><small>${layer?.operator ?? "Input"}${layer?.wide ? ", activations in 16 bits" : ""}${inFloat ? ", computed in float" : ""}</small></th><td>${precision}</td>`;
  if (!range) return html`<tr>${head}<td colspan="4" class="why">${explain(layer, shared, alone)}</td></tr>`;
  const { source, figures } = range.chosen;
  const { nonFinite } = range.seen;
  return html`<tr>${head}<td>${interval(figures.range)}<small>${SOURCES[source] ?? source}; scale ${significant(figures.scale)}, zero ${count(figures.zeroPoint)}</small></td><td>${sparkline(range)}${nonFinite > 0 ? html`<small>${plural(nonFinite, "value")} not finite</small>` : null}</td><td>${percent(figures.clipped)}</td><td>${decibel(figures.sqnr)}<small>MSE ${significant(figures.mse)}</small></td></tr>`;
}

function explain(layer: ReportedLayer | null, shared: string | null, alone: string | null): Markup {
  if (layer?.reason) return html`In float: ${layer.reason}.`;
  if (shared !== null) return html`Shares the range of <code>${shared}</code>.`;
  if (layer?.precision === "float16") return html`In float16.`;
  if (layer?.precision === "bfloat16" && alone !== null) return html`It is ${alone}.`;
  if (layer?.precision === "bfloat16") return html`Its constants are kept in bfloat16, and it is computed in float32.`;
  if (alone !== null && layer) return html`Its weight is in ${layer.precision}; ${alone}.`;
  return html`Rounded after the next layer.`;
}

const MARKS: Readonly<Record<ReportedLayer["precision"], string>> = {
  int8: "I8",
  uint8: "U8",
  int4: "I4",
  uint4: "U4",
  int2: "I2",
  uint2: "U2",
  int16: "I16",
  nf4: "N4",
  codebook16: "C16",
  codebook256: "C256",
  float8: "F8",
  float16: "F16",
  bfloat16: "BF16",
  float32: "F32",
};

function markOf(precision: ReportedLayer["precision"]): string {
  return MARKS[precision] ?? "F32";
}
