import { remedyWords } from "../../model/diagnosis.ts";
import { LAYER_FORM_WORDS } from "../../model/layerForm.ts";
import type { Decision, TuneLimit, TuningRecord } from "../../model/tuning.ts";
import { plural, significant } from "../../values/figures.ts";
import { points as change, percent, pointsOf } from "../../values/shares.ts";
import { byteSize, decibel } from "../../values/units.ts";
import { html, type Markup } from "./markup.ts";

const ENDINGS: Readonly<Record<TuningRecord["ended"], string>> = {
  found: "The search ran to its end.",
  exhausted: "The search ran to its end.",
  budget: "The search ended with its time.",
  cancelled: "The search was stopped before its end.",
};

/** Every point of the search that found the recipe, and what was decided. */
export function tuningSection({ request, split, judged, points, chosen, best, ended, executor }: TuningRecord): Markup {
  const [first, end] = split.calibration;
  const [from, to] = split.judgement;
  const timed = request.goal === "latency";
  const byTokens = points.some(({ top1, perplexity }) => !top1 && perplexity);
  const outcome =
    chosen === null
      ? html`<strong>No point keeps the limit</strong> (${limitText(request.limit, byTokens)}): this is the one that comes nearest.`
      : html`The ${request.rescue ? "first" : timed ? "fastest" : "smallest"} of the points that keep the limit: ${limitText(request.limit, byTokens)}.`;
  return html`<section><h2>Search for the recipe</h2>
<p class="note">${outcome} ${ENDINGS[ended]} Samples ${first} to ${end - 1} calibrated and taught the corrections; ${from} to ${to - 1} judged (${plural(judged.samples, "sample")} read, ${judged.labelled} labelled), each point on the model that it exports, with ${executor.runtime}.${judged.by ? ` SQNR is that of ${judged.by.join(", ")}, since no output has floats of a size that holds.` : ""}${byTokens ? "" : " The expected change is an estimate: every sample judged under the errors of all, which depends less on luck than counting does."} Since those samples chose, other samples may judge a little less kindly.</p>
<table><thead><tr><th scope="col">#</th><th scope="col">Tried</th><th scope="col">Size</th><th scope="col">Layers in float</th><th scope="col">SQNR</th><th scope="col">${byTokens ? "Perplexity" : "Top-1"}</th>${timed ? html`<th scope="col">Latency, p50</th>` : null}<th scope="col">Limit</th></tr></thead><tbody>
${points.map((point, i) => {
  const { top1, perplexity } = point;
  const accuracy = byTokens
    ? perplexity &&
      html`${significant(perplexity.quantized)}<small>${perplexity.rise > 0 ? "+" : ""}${percent(perplexity.rise)}</small>`
    : top1
      ? html`${percent(top1.quantized)}<small>${change(-top1.drop)}${point.expected === null ? null : html`; expected ${change(-point.expected)}`}</small>`
      : "–";
  const kept = `${point.passed ? "kept" : "not kept"}${i === best ? ", taken" : ""}`;
  return html`<tr><td>${i + 1}</td><th scope="row">${point.label}</th><td>${byteSize(point.bytes)}</td><td>${point.floatLayers}</td><td>${decibel(point.sqnr)}</td><td>${accuracy}</td>${timed ? html`<td>${significant(point.latency ?? Number.NaN)} ms</td>` : null}<td>${kept}</td></tr>`;
})}
</tbody></table>
<h3>Decisions</h3><ol>${(points[best]?.decisions ?? []).map(decisionItem)}</ol>
</section>`;
}

function limitText(limit: TuneLimit, byTokens: boolean): string {
  if (limit.kind === "drop" && byTokens) return `perplexity may rise by ${percent(limit.share)}`;
  return limit.kind === "drop"
    ? `top-1 may fall by ${pointsOf(limit.share)}`
    : `SQNR of at least ${decibel(limit.decibels)}`;
}

/** Where a decision takes layers. */
function placeOf(decision: Extract<Decision, { readonly layers: readonly string[] }>): string {
  if (decision.kind === "weights") return `Weights in ${decision.type}`;
  if (decision.kind === "float") return "Left in float";
  if (decision.kind === "int8" || decision.form === null) return "Quantized again";
  return `Computed ${LAYER_FORM_WORDS[decision.form]}`;
}

function decisionItem(decision: Decision): Markup {
  if (decision.kind === "corrections") {
    const { equalization, bias } = decision.corrections;
    return html`<li>Equalization ${equalization ? "on" : "off"}; bias correction ${bias === "none" ? "off" : bias}.</li>`;
  }
  if (decision.kind === "remedy") return html`<li>${remedyWords(decision.remedy)}.</li>`;
  const where = placeOf(decision);
  return html`<li>${where}: ${decision.layers.map((layer) => html`<code>${layer}</code> `)}</li>`;
}
