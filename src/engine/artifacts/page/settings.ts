import type { ExecutorRecord } from "../../model/calibration.ts";
import { FORMAT_WORDS, takesCodes, takesRanges, unscaledText } from "../../model/format.ts";
import { type Notice, namesSubject } from "../../model/job.ts";
import type { Preprocess } from "../../model/preprocess.ts";
import { hasZeroPoints, scalesOf } from "../../model/recipe.ts";
import type { Report } from "../../model/report.ts";
import { DEFAULT_TARGET } from "../../model/target.ts";
import { dimsText } from "../../values/dims.ts";
import { count, plural } from "../../values/figures.ts";
import { byteSize } from "../../values/units.ts";
import { html, type Markup } from "./markup.ts";

const ROUNDINGS = {
  nearest: "rounded to nearest",
  learned: "learned rounding (AdaRound)",
  stochastic: "rounded at random",
  finetuned: "fine-tuned codes, scales, zero points and biases",
} as const;

type Fact = readonly [term: string, detail: string | Markup];

/** How many layers are in integers or another small type, and how many are stored in one and computed in float. */
export function layerCounts({ layers, floatKernels }: Report["model"]): {
  readonly quantized: number;
  readonly stored: number;
} {
  const stored = floatKernels?.length ?? 0;
  return { quantized: layers.filter(({ precision }) => precision !== "float32").length - stored, stored };
}

function storedFact(stored: number, { elsewhere }: Report["model"]): readonly [string, string] {
  return elsewhere === undefined
    ? ["Stored in fewer bits only", `${count(stored)}, computed in float`]
    : ["In bfloat16", `${count(stored)}, computed so by ${elsewhere}, not run here`];
}

/** What the model is. */
export function modelFacts({ model }: Report): Markup {
  const { quantized, stored } = layerCounts(model);
  const ports = (list: Report["model"]["inputs"]) =>
    html`${list.map(({ name, type, dims }, i) => html`${i > 0 ? ", " : ""}<code>${name}</code> ${type} ${dimsText(dims)}`)}`;
  return facts([
    ["Layers", `${quantized} of ${count(model.layers.length)} quantized`],
    ...(stored > 0 ? [storedFact(stored, model)] : []),
    ["Parameters", count(model.parameters)],
    ["Size", byteSize(model.bytes)],
    ["Format", `opset ${model.opset}, ONNX IR ${model.irVersion}`],
    ["Producer", model.producer || "not stated"],
    ["Inputs", ports(model.inputs)],
    ["Outputs", ports(model.outputs)],
    ["SHA-256", html`<code>${model.sha256}</code>`],
  ]);
}

export function operatorsTable({ model }: Report): Markup {
  const inFloat = new Set(model.floatKernels);
  const stored = (type: string) =>
    model.layers.filter(({ id, operator }) => operator === type && inFloat.has(id)).length;
  const told = (type: string, quantized: number) => {
    const alone = stored(type);
    const how = model.elsewhere === undefined ? "stored, in float" : `computed so by ${model.elsewhere}`;
    return html`${quantized - alone}${alone > 0 ? html`<small>${alone} ${how}</small>` : null}`;
  };
  return html`<table class="operators"><thead><tr><th scope="col">Operator</th><th scope="col">Count</th><th scope="col">Quantized</th></tr></thead><tbody>
${model.operators.map(({ type, count: all, quantized }) => html`<tr><th scope="row">${type}</th><td>${all}</td><td>${told(type, quantized)}</td></tr>`)}
</tbody></table>`;
}

export function noticesSection(notices: readonly Notice[]): Markup {
  return html`<section><h2>Notices</h2>${noticeList(notices)}</section>`;
}

export function noticeList(notices: readonly Notice[]): Markup {
  return html`<ul class="notices">
${notices.map(noticeItem)}
</ul>`;
}

function noticeItem(notice: Notice): Markup {
  const { kind, subject, message } = notice;
  const named = namesSubject(notice) ? null : html`<code>${subject}</code>: `;
  return html`<li class="${kind}"><strong>${kind === "warning" ? "Warning" : "Note"}</strong> ${named}${message}</li>`;
}

/** The layers whose weights have types of their own, by these. */
function layersByType({
  layers = {},
}: {
  readonly layers?: Readonly<Record<string, string>> | undefined;
}): Readonly<Record<string, readonly string[]>> {
  const byType: Record<string, string[]> = {};
  for (const [layer, type] of Object.entries(layers)) byType[type] = [...(byType[type] ?? []), layer];
  return byType;
}

function codeFacts(recipe: Report["recipe"]): Fact[] {
  const { activations, float, weights } = recipe;
  const scheme = `${activations.type}, ${activations.symmetric ? "symmetric" : "asymmetric"}${powersOfTwo(activations)}`;
  return [
    ["Activations", takesRanges(recipe) ? scheme : unscaledText(recipe)],
    [
      "Weights",
      `${weights.type}, ${hasZeroPoints(recipe) ? "asymmetric" : "symmetric"}, ${scalesOf(weights)}${powersOfTwo(weights)}, ${ROUNDINGS[weights.rounding]}`,
    ],
    ...Object.entries(layersByType(weights)).map(
      ([type, names]) => [`Weights in ${type}`, html`${names.map((name) => html`<code>${name}</code> `)}`] as const,
    ),
    ...(weights.rounding === "stochastic" ? [["Seed of rounding", String(weights.seed ?? 0)] as const] : []),
    ...(recipe.wide && recipe.wide.length > 0
      ? [["Layers in 16 bits", html`${recipe.wide.map((name) => html`<code>${name}</code> `)}`] as const]
      : []),
    ...(float.stored && float.stored.length > 0
      ? [
          [
            "Weights in int8, computed in float",
            html`${float.stored.map((name) => html`<code>${name}</code> `)}`,
          ] as const,
        ]
      : []),
    ...Object.entries(layersByType({ layers: float.storedAs })).map(
      ([type, names]) =>
        [`Weights in ${type}, computed in float`, html`${names.map((name) => html`<code>${name}</code> `)}`] as const,
    ),
  ];
}

/** How it was done: recipe, calibration, preparation, files. */
export function settingsSection({ recipe, calibration, model, files }: Report): Markup {
  const { float } = recipe;
  const { observed, skipped, wanted, executors } = calibration;
  const left = [...float.layers, ...float.operators, ...float.tensors];
  return html`<section><h2>Settings</h2>
<div class="columns"><div><h3>Recipe</h3>${facts([
    ["Target", recipe.target ?? DEFAULT_TARGET],
    ["Format", FORMAT_WORDS[recipe.format]],
    ...(recipe.ends === "float16"
      ? [["Inputs and outputs", "float16, but for those that it would not hold"] as const]
      : []),
    ...(takesCodes(recipe) ? codeFacts(recipe) : []),
    ...(takesRanges(recipe)
      ? [["Layers without weights", elementwiseText(recipe)] as const, ...rangeFacts(recipe)]
      : []),
    [
      "Left in float",
      left.length === 0 ? "nothing by choice" : html`${left.map((name) => html`<code>${name}</code> `)}`,
    ],
  ])}</div><div><h3>Calibration</h3>${facts([
    [
      "Samples",
      wanted === 0 ? "none: no range is needed" : `${count(observed.length)} observed of ${count(wanted)} asked for`,
    ],
    ["Skipped", plural(skipped.length, "sample")],
    ...executors.map((executor): Fact => ["Run by", ranBy(executor)]),
    [
      "Preprocessing",
      calibration.preprocess ? describe(calibration.preprocess) : "none: tensors were taken as they are",
    ],
  ])}</div></div>
${model.preparation.length > 0 ? html`<h3>Preparation</h3><ul>${model.preparation.map((step) => html`<li>${step}</li>`)}</ul>` : null}
<h3>Files</h3><table class="files"><tbody>${files.map(({ name, bytes }) => html`<tr><th scope="row"><code>${name}</code></th><td>${byteSize(bytes)}</td></tr>`)}</tbody></table>
</section>`;
}

function powersOfTwo({ scales }: Pick<Report["recipe"]["weights"], "scales">): string {
  return scales ? ", scales powers of two" : "";
}

function elementwiseText({ elementwise, unjoined }: Report["recipe"]): string {
  if (elementwise === "join") return "quantized wherever what they read is";
  if (elementwise === "float") return "float";
  return unjoined ? `decided on samples: ${plural(unjoined.length, "layer")} in float` : "not decided yet";
}

function rangeFacts({ method, methods, ranges }: Report["recipe"]): readonly Fact[] {
  return [
    ["Ranges by", method],
    ["Own method", plural(Object.keys(methods).length, "tensor")],
    ["Range by hand", plural(Object.keys(ranges).length, "tensor")],
  ];
}

function facts(list: readonly Fact[]): Markup {
  return html`<dl>${list.map(([term, detail]) => html`<dt>${term}</dt><dd>${detail}</dd>`)}</dl>`;
}

function ranBy({ runtime, provider, workers, threads, batch, samples }: ExecutorRecord): string {
  const each = workers > 1 ? " each" : "";
  const place = provider === "webgpu" ? [] : [plural(workers, "worker"), `${plural(threads, "thread")}${each}`];
  return `${[runtime, ...place, `batch ${batch}`].join(", ")}: ${plural(samples, "sample")}`;
}

function short(value: number): string {
  return String(Number(value.toPrecision(4)));
}

function describe({ resize, crop, layout, color, scale, mean, std }: Preprocess): string {
  const pixels = (size: number | readonly [number, number]) =>
    typeof size === "number" ? String(size) : size.join(" × ");
  const vector = (values: readonly number[]) => values.map(short).join(", ");
  const steps = [
    resize && `resize (${resize.mode}) to ${pixels(resize.size)}`,
    crop !== null && `centre crop ${pixels(crop)}`,
    `${color} as ${layout}`,
    `(x × ${short(scale)} − [${vector(mean)}]) / [${vector(std)}]`,
  ];
  return steps.filter(Boolean).join("; ");
}
