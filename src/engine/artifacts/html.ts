import { type RecipeFormat, takesCodes } from "../model/format.ts";
import { type Recipe, weightTypesOf } from "../model/recipe.ts";
import type { Report } from "../model/report.ts";
import { evaluationSection } from "./page/evaluation.ts";
import { layersSection, weightsSection } from "./page/layers.ts";
import { html, Markup } from "./page/markup.ts";
import { modelFacts, noticesSection, operatorsTable, settingsSection } from "./page/settings.ts";
import { STYLE } from "./page/style.ts";
import { summarySection } from "./page/summary.ts";
import { tuningSection } from "./page/tuning.ts";

/** What of a model is quantized, where that is not all. */
const KINDS: Readonly<Record<RecipeFormat, string>> = {
  qdq: "",
  qoperator: "",
  dynamic: ", scales found at run time",
  weights: ", weights only",
  float16: "",
  bfloat16: "",
  float8: "",
  q4f16: " in blocks, all else in float16",
};

/**
 * The report as one HTML page to read or print: no script, nothing loaded. What was measured and what is estimated
 * from statistics is said with every figure; all names are escaped.
 */
export function writeReportPage(report: Report): string {
  const { model, tool, evaluation, recipe, notices } = report;
  const page = html`<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${model.name}: quantization report</title>
<style>${new Markup(STYLE)}</style></head><body>
<header><p>Quantization report, float32 to ${goalOf(recipe)}</p><h1>${model.name}</h1><p>${readable(report.date)}, ${tool.name} ${tool.version}</p></header>
<main>
${summarySection(report)}
<section><h2>Model</h2><div class="columns">${modelFacts(report)}${operatorsTable(report)}</div></section>
${evaluation && evaluationSection(evaluation)}
${report.tuning && tuningSection(report.tuning)}
${notices.length > 0 ? noticesSection(notices) : null}
${layersSection(report)}
${report.weights.length > 0 ? weightsSection(report) : null}
${settingsSection(report)}
</main>
<footer>SQNR: signal-to-quantization-noise ratio, 10 log<sub>10</sub>(mean square of the float values / mean squared error); about 6 dB are one bit. Clipped: share of the finite values outside the clip range. Sizes are decimal: 1 kB is 1,000 bytes.</footer>
</body></html>
`;
  return page.text;
}

function goalOf(recipe: Recipe): string {
  return takesCodes(recipe) ? `${weightTypesOf(recipe.weights).join(" and ")}${KINDS[recipe.format]}` : recipe.format;
}

function readable(date: string): string {
  return date.replace(/^(\d{4}-\d{2}-\d{2})T(\d{2}:\d{2}).*Z$/, "$1 $2 UTC");
}
