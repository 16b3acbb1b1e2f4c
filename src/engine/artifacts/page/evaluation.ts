import { clippedName, mostClipped } from "../../model/clipped.ts";
import {
  type Accuracy,
  bandText,
  classText,
  type Evaluation,
  losingClasses,
  otherText,
  type Perplexity,
} from "../../model/evaluation.ts";
import { channelsText } from "../../values/channels.ts";
import { cosineText, count, interval, plural, significant } from "../../values/figures.ts";
import { change, percent, points, pointsOf } from "../../values/shares.ts";
import { byteSize, decibel } from "../../values/units.ts";
import { html, type Markup } from "./markup.ts";

/** Pass, fail, or why there is neither. */
export function verdict(evaluation: Evaluation | null): Markup {
  if (!evaluation) {
    return banner(
      "none",
      "Not evaluated",
      "The quantized model was not run. Every figure below is computed or estimated, none is measured on it.",
    );
  }
  const { top1, perplexity, verdict: judged } = evaluation;
  if (judged && !top1 && perplexity) {
    const moved = perplexity.rise < 0 ? "fell" : "rose";
    const text = `Perplexity ${moved} by ${percent(Math.abs(perplexity.rise))}; a rise of ${percent(judged.limit)} was allowed.`;
    return judged.passed ? banner("pass", "Passed", text) : banner("fail", "Failed", text);
  }
  if (!judged || !top1) {
    return banner(
      "none",
      "No verdict",
      top1
        ? "Accuracy was measured, and not judged, for what the first notice below says."
        : evaluation.labelled > 0
          ? "The output that accuracy goes by says nothing on these samples, as the first notice below has it."
          : "Accuracy was not measured, for want of labels or of class scores; see how close the outputs are.",
    );
  }
  const moved = top1.drop < 0 ? "rose" : "fell";
  const text = `Top-1 accuracy ${moved} by ${pointsOf(Math.abs(top1.drop))}; a drop of ${pointsOf(judged.limit)} was allowed.`;
  return judged.passed ? banner("pass", "Passed", text) : banner("fail", "Failed", text);
}

function banner(state: string, title: string, text: string): Markup {
  return html`<p class="verdict ${state}"><strong>${title}</strong> ${text}</p>`;
}

/** Float against quantized: accuracy, closeness of the outputs, size and time. */
export function evaluationSection(evaluation: Evaluation): Markup {
  const { samples, labelled, outputs, latency, memory = null } = evaluation;
  const accuracy = [
    evaluation.top1 && accuracyRow("Top-1 accuracy", evaluation.top1),
    evaluation.top5 && accuracyRow("Top-5 accuracy", evaluation.top5),
    evaluation.perplexity && perplexityRow(evaluation.perplexity),
  ];
  return html`<section><h2>Float against quantized</h2>
<p class="note">Measured on ${plural(samples, "sample")}${labelled > 0 ? `, ${labelled} of them labelled,` : ""} by running the file that was exported.</p>
<table class="compare"><thead><tr><th scope="col">Figure</th><th scope="col">float32</th><th scope="col">quantized</th><th scope="col">Change</th></tr></thead><tbody>
${accuracy}${sizeRow(evaluation)}${timeRow("Latency, p50", latency.float.p50, latency.quantized.p50)}${timeRow("Latency, p95", latency.float.p95, latency.quantized.p95)}${timeRow("Latency, p99", latency.float.p99, latency.quantized.p99)}${timeRow("From the file to the first answer", latency.float.start, latency.quantized.start)}${memoryRow(evaluation)}
</tbody></table>
<p class="note">Latency: ${plural(latency.runs, "run")} of one sample each, alternating between the two models, ${plural(latency.threads, "thread")} of ${latency.runtime} on ${latency.machine}. It holds for this runtime on this machine: a quantized model in a browser tab is often slower than float, which says little about a phone or a server with VNNI.</p>
${memory && html`<p class="note">Memory: what a process of its own takes at its peak to open the model and run one sample, beyond the bytes of its files, in ${latency.runtime} on ${latency.machine}. ONNX Runtime's own code is in both.</p>`}
${throughputSection(evaluation)}${rightSections(evaluation)}${clippedSection(evaluation)}
<h3>Outputs, quantized against float</h3>
<table><thead><tr><th scope="col">Output</th><th scope="col">SQNR</th><th scope="col">Agreement</th><th scope="col">Cosine</th><th scope="col">MSE</th><th scope="col">MAE</th><th scope="col">KL</th><th scope="col">Not finite</th></tr></thead><tbody>
${outputs.map((output) => {
  return html`<tr><th scope="row"><code>${output.name}</code></th><td>${output.sqnr === null ? "–" : decibel(output.sqnr)}</td><td>${output.agreement === null ? "–" : percent(output.agreement)}</td><td>${output.cosine === null ? "–" : cosineText(output.cosine)}</td><td>${significant(output.mse)}</td><td>${significant(output.mae)}</td><td>${output.kl === null ? "–" : `${significant(output.kl)} nat`}</td><td>${count(output.nonFinite)}</td></tr>${output.parts.map(
    ({ channels, largest, sqnr }) => {
      return html`<tr><th scope="row">${channelsText(channels, largest)}</th><td>${decibel(sqnr)}</td><td colspan="6"></td></tr>`;
    },
  )}`;
})}
</tbody></table>
${(evaluation.others ?? []).map((other) => html`<p class="note"><code>${other.name}</code>: ${otherText(other)}.</p>`)}
<p class="note">MSE and MAE are in the unit of the output. Agreement is the share of rows, along the last axis longer than 1, whose largest element is the same; KL compares the softmax of both, row by row. Both are computed for every output that has such an axis, and say little of one that holds no scores, such as box coordinates. Values that are not finite in one of the two models are left out, and their rows of agreement and KL. A dash stands where a figure would mean nothing. Where channels of an output are more than 16x as large as others, such as boxes beside scores, each size has an SQNR of its own, and that of the output is the least of them.</p>
</section>`;
}

function throughputSection({ throughput = [] }: Evaluation): Markup | null {
  if (throughput.length === 0) return null;
  return html`<h3>Samples a second, by how many are run at a time</h3>
<table class="compare"><thead><tr><th scope="col">Batch</th><th scope="col">float32</th><th scope="col">quantized</th><th scope="col">Change</th></tr></thead><tbody>
${throughput.map(({ batch, float, quantized }) => html`<tr><th scope="row">${count(batch)}</th><td>${significant(float)}</td><td>${significant(quantized)}</td><td>${change(float, quantized)}</td></tr>`)}
</tbody></table>
<p class="note">One sample again and again, medians of up to five runs in turn, on the same runtime, threads and machine as the latency. Batches that take more than a second a run are left out.</p>
`;
}

const WORST = 10;

/** Top-1 by class and by confidence. */
function rightSections({ byClass = [], byConfidence = [] }: Evaluation): Markup[] {
  const losing = losingClasses(byClass);
  const sections: Markup[] = [];
  if (byConfidence.length > 0) {
    sections.push(html`<h3>Right, by how sure the float model is</h3>
<table><thead><tr><th scope="col">Samples</th><th scope="col">Count</th><th scope="col">Right in float32</th><th scope="col">Right quantized</th><th scope="col">Same answer</th></tr></thead><tbody>
${byConfidence.map((band) => html`<tr><th scope="row">${bandText(band)}</th><td>${count(band.samples)}</td><td>${count(band.float)}</td><td>${count(band.quantized)}</td><td>${percent(band.same / band.samples)}</td></tr>`)}
</tbody></table>`);
  }
  if (losing.length > 0) {
    sections.push(html`<h3>Classes that lose most</h3>
<p class="note">Classes with fewer right than in float32: ${count(losing.length)} of the ${count(byClass.length)} that have labelled samples. Of a class with few samples a lost one says little.</p>
<table><thead><tr><th scope="col">Class</th><th scope="col">Samples</th><th scope="col">Right in float32</th><th scope="col">Right quantized</th></tr></thead><tbody>
${losing.slice(0, WORST).map((one) => html`<tr><th scope="row">${classText(one)}</th><td>${count(one.samples)}</td><td>${count(one.float)}</td><td>${count(one.quantized)}</td></tr>`)}
</tbody></table>`);
  }
  return sections;
}

/** What the clip ranges cut off, the layers that lose most first. */
function clippedSection({ clipped = [], samples }: Evaluation): Markup | null {
  if (clipped.length === 0) return null;
  const losing = clipped.filter(({ share }) => share > 0).length;
  const counted = `counted one by one on the ${plural(samples, "sample")} that judged`;
  const note =
    losing === 0
      ? `No value of the float model is cut off by the clip range of its layer, ${counted}, at ${plural(clipped.length, "layer")}.`
      : `Share of the values of the float model that lie more than half a step outside the clip range of their layer, ${counted}: some at ${count(losing)} of ${plural(clipped.length, "layer")}.`;
  const rows = mostClipped(clipped, WORST).map((each) => {
    return html`<tr><th scope="row"><code>${clippedName(each)}</code></th><td>${interval(each.range)}</td><td>${count(each.values)}</td><td>${percent(each.share)}</td></tr>`;
  });
  const table = html`<table class="compare"><thead><tr><th scope="col">Layer</th><th scope="col">Clip range</th><th scope="col">Values</th><th scope="col">Clipped</th></tr></thead><tbody>
${rows}
</tbody></table>`;
  return html`<h3>Clipped, by layer</h3>
<p class="note">${note}</p>
${losing > 0 ? table : null}
`;
}

function memoryRow({ memory }: Evaluation): Markup | null {
  if (!memory) return null;
  const { float, quantized } = memory;
  return html`<tr><th scope="row">Memory, at its peak</th><td>${byteSize(float)}</td><td>${byteSize(quantized)}</td><td>${change(float, quantized)}</td></tr>`;
}

function accuracyRow(name: string, { float, quantized, drop, interval }: Accuracy): Markup {
  const [low, high] = interval;
  return html`<tr><th scope="row">${name}</th><td>${percent(float)}</td><td>${percent(quantized)}</td><td>${points(-drop)}<small>95 % interval ${points(-high)} to ${points(-low)}, paired by sample</small></td></tr>`;
}

function perplexityRow({ output, tokens, float, quantized, rise, interval }: Perplexity): Markup {
  const signed = (share: number) => `${share > 0 ? "+" : ""}${percent(share)}`;
  const within = interval ? `95 % interval ${signed(interval[0])} to ${signed(interval[1])}, paired by row; ` : "";
  return html`<tr><th scope="row">Perplexity</th><td>${significant(float)}</td><td>${significant(quantized)}</td><td>${signed(rise)}<small>${within}${plural(tokens, "next token")} by <code>${output}</code>, lower is better</small></td></tr>`;
}

function sizeRow({ bytes: { float, quantized } }: Evaluation): Markup {
  return html`<tr><th scope="row">File size</th><td>${byteSize(float)}</td><td>${byteSize(quantized)}</td><td>${change(float, quantized)}</td></tr>`;
}

function timeRow(name: string, float: number | undefined, quantized: number | undefined): Markup | null {
  if (float === undefined || quantized === undefined) return null;
  return html`<tr><th scope="row">${name}</th><td>${significant(float)} ms</td><td>${significant(quantized)} ms</td><td>${change(float, quantized)}</td></tr>`;
}
