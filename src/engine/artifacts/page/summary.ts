import { classText, type Evaluation, losingClasses } from "../../model/evaluation.ts";
import type { Report } from "../../model/report.ts";
import { count, plural, significant } from "../../values/figures.ts";
import { change, percent, points } from "../../values/shares.ts";
import { byteSize, decibel } from "../../values/units.ts";
import { verdict } from "./evaluation.ts";
import { html, type Markup } from "./markup.ts";
import { layerCounts, noticeList } from "./settings.ts";

const CLASSES = 3;

interface Figure {
  readonly name: string;
  readonly value: string;
  readonly detail: string;
}

/** What who decides has to know, on a page of its own where it is printed: the verdict, what stands against it, and accuracy, size and speed. */
export function summarySection(report: Report): Markup {
  const { evaluation } = report;
  return html`<section class="summary">
${verdict(evaluation)}
${evaluation && evaluation.notices.length > 0 ? noticeList(evaluation.notices) : null}
<dl class="figures">
${figuresOf(report).map(({ name, value, detail }) => html`<div><dt>${name}</dt><dd>${value}<small>${detail}</small></dd></div>`)}
</dl>
</section>`;
}

function figuresOf({ model, evaluation }: Report): Figure[] {
  const { quantized, stored } = layerCounts(model);
  const how =
    model.elsewhere === undefined
      ? "more stored in fewer bits and computed in float"
      : `in bfloat16, computed so by ${model.elsewhere}, not run here`;
  const inFloat = stored > 0 ? `${count(stored)} ${how}` : null;
  const rest = model.layers.length - quantized - stored;
  const layers = {
    name: "Layers",
    value: `${count(quantized)} of ${count(model.layers.length)} quantized`,
    detail: [inFloat, rest > 0 ? `${count(rest)} in float` : null].filter(Boolean).join(", "),
  };
  if (!evaluation) return [layers];
  const { bytes, latency } = evaluation;
  return [
    fidelityOf(evaluation),
    {
      name: "Size",
      value: `${byteSize(bytes.float)} to ${byteSize(bytes.quantized)}`,
      detail: `${change(bytes.float, bytes.quantized)}, all files of the model`,
    },
    {
      name: "Time of a run",
      value: `${significant(latency.float.p50)} to ${significant(latency.quantized.p50)} ms`,
      detail: `${change(latency.float.p50, latency.quantized.p50)}, median of ${plural(latency.runs, "run")}, ${latency.runtime}, ${plural(latency.threads, "thread")}, ${latency.machine}`,
    },
    layers,
  ];
}

/** How well it does its task, where that was measured; else how near its outputs are to float's. */
function fidelityOf({ samples, labelled, top1, perplexity, outputs, byClass = [] }: Evaluation): Figure {
  if (top1) {
    const [low, high] = top1.interval;
    const worst = losingClasses(byClass).slice(0, CLASSES).map(classText);
    const lose = worst.length > 0 ? `; most is lost by ${worst.join(", ")}` : "";
    return {
      name: "Top-1 accuracy",
      value: `${percent(top1.float)} to ${percent(top1.quantized)}`,
      detail: `${points(-top1.drop)} (95 % interval ${points(-high)} to ${points(-low)}) on ${plural(labelled, "labelled sample")}${lose}`,
    };
  }
  if (perplexity) {
    return {
      name: "Perplexity",
      value: `${significant(perplexity.float)} to ${significant(perplexity.quantized)}`,
      detail: `lower is better, on ${plural(perplexity.tokens, "next token")} of ${plural(samples, "sample")}`,
    };
  }
  const told = outputs.flatMap(({ name, sqnr }) => (sqnr === null ? [] : [{ name, sqnr }]));
  const worst = told.toSorted((a, b) => a.sqnr - b.sqnr)[0];
  return {
    name: "Outputs beside float's",
    value: worst ? decibel(worst.sqnr) : "nothing to compare",
    detail: worst
      ? `SQNR of ${worst.name}, the least of ${plural(told.length, "output")}, on ${plural(samples, "sample")}; about 6 dB are one bit. What that means for the task was not measured.`
      : `No output has an SQNR on these ${plural(samples, "sample")}.`,
  };
}
