import { settingsOf } from "../src/engine/model/comparison.ts";
import type {
  Matching,
  Origin,
  QuantizedFile,
  Recovery,
  StoredActivation,
  StoredConstant,
  StoredLayer,
  Unmatched,
} from "../src/engine/model/quantizedFile.ts";
import { MATCHED_WORDS, WRITTEN_WORDS } from "../src/engine/model/quantizedFile.ts";
import { dimsText } from "../src/engine/values/dims.ts";
import { count, interval, plural, significant } from "../src/engine/values/figures.ts";
import { percent } from "../src/engine/values/shares.ts";
import { byteSize, decibel } from "../src/engine/values/units.ts";
import { noticeLine } from "./terminal.ts";

/** A quantized file for a person: what it is, and its layers with weights or rounded activations. */
export function describeQuantized(file: QuantizedFile, matching: Matching | null): string[] {
  const forms = new Map<string, number>();
  for (const { form } of file.layers) forms.set(WRITTEN_WORDS[form], (forms.get(WRITTEN_WORDS[form]) ?? 0) + 1);
  const matches = new Map(matching?.matches.map((match) => [match.stored, match]));
  const told = file.layers.filter(
    ({ form, weights, makes }) => form !== "float" || weights.length > 0 || makes.some(isRounded),
  );
  return [
    `${file.name}: ${byteSize(file.bytes)}, opset ${file.opset}, IR ${file.irVersion}, by ${file.producer || "an unnamed tool"}`,
    ...(file.origin ? originText(file.origin) : []),
    ...file.inputs.map(({ name, type, dims }) => `input  ${name}: ${type} ${dimsText(dims)}`),
    ...file.outputs.map(({ name, type, dims }) => `output ${name}: ${type} ${dimsText(dims)}`),
    `${plural(file.layers.length, "layer")}: ${[...forms].map(([words, count]) => `${count} ${words}`).join("; ")}`,
    ...told.flatMap((layer) => layerLines(layer, matches.get(layer.id))),
    ...file.notices.map(noticeLine),
  ];
}

function originText({ source, recipe }: Origin): string[] {
  return [`made from a model with the SHA-256 ${source}`, `by a recipe with the SHA-256 ${recipe}`];
}

function layerLines(layer: StoredLayer, match: Matching["matches"][number] | undefined): string[] {
  const is = match
    ? [
        `is ${match.float} by ${MATCHED_WORDS[match.by]}${match.sqnr === null ? "" : `, weight SQNR ${decibel(match.sqnr)}`}${match.bias === null ? "" : `, bias SQNR ${decibel(match.bias.sqnr)}`}`,
      ]
    : [];
  const written = layer.written === layer.operator ? layer.operator : `${layer.operator}, written ${layer.written}`;
  const reads = layer.reads.filter(isRounded).map(activationText);
  const makes = layer.makes.filter(isRounded).map(activationText);
  return [
    `  ${layer.id} (${written}; ${layer.form})${is.length > 0 ? `: ${is.join("")}` : ""}`,
    ...layer.weights.map((weight) => `    weight ${constantText(weight)}`),
    ...(reads.length > 0 ? [`    reads ${reads.join("; ")}`] : []),
    ...(makes.length > 0 ? [`    makes ${makes.join("; ")}`] : []),
  ];
}

function isRounded({ type }: StoredActivation): boolean {
  return type !== null;
}

function activationText({ tensor, type, scale, zeroPoint, range, isDynamic }: StoredActivation): string {
  if (isDynamic) return `${tensor} ${type}, scale found at run time`;
  if (scale === null || !range) return `${tensor} ${type}, several scales`;
  return `${tensor} ${type} ${interval(range)}, scale ${significant(scale)}, zero point ${count(zeroPoint ?? 0)}`;
}

function constantText({ name, type, dims, axis, block, scales, zeroPoints, codes }: StoredConstant): string {
  const shared = block
    ? `blocks of ${block.size} along axis ${block.axis}`
    : axis === null
      ? "per tensor"
      : `per channel (axis ${axis})`;
  const parts = [`${name}: ${type} ${dimsText(dims)}`];
  if (scales.length > 0) {
    const [least, most] = [scales.reduce((a, b) => Math.min(a, b)), scales.reduce((a, b) => Math.max(a, b))];
    const values = scales.length === 1 ? significant(least) : `${significant(least)} to ${significant(most)}`;
    parts.push(shared, `${plural(scales.length, "scale")} ${values}`);
  }
  if (zeroPoints) {
    const [least, most] = [Math.min(...zeroPoints), Math.max(...zeroPoints)];
    parts.push(least === most ? `zero point ${count(least)}` : `zero points ${count(least)} to ${count(most)}`);
  }
  if (codes) {
    parts.push(
      `codes ${count(codes.least)} to ${count(codes.greatest)}, ${codes.distinct} of ${codes.high - codes.low + 1} used, ${percent(codes.atEnds)} at the ends`,
    );
  }
  return parts.join(", ");
}

/** Which layers were told to be which, and which not. */
export function matchingText({ matches, fused, stored, float, notices }: Matching, layers: number): string[] {
  const inside = fused.length > 0 ? `; ${plural(fused.length, "layer")} of the float model within these` : "";
  return [
    `${matches.length} of ${plural(layers, "layer")} told to be of the float model${inside}`,
    ...without("Layers of the file that are none of it:", stored),
    ...without("Layers of the float model that the file has none for:", float),
    ...notices.map(noticeLine),
  ];
}

const MOST = 20;

/** Layers of which something is not told, each with the reason. */
export function without(title: string, layers: readonly Unmatched[]): string[] {
  if (layers.length === 0) return [];
  const more = layers.length > MOST ? [`  and ${layers.length - MOST} more`] : [];
  return [
    title,
    ...layers.slice(0, MOST).map(({ layer, operator, why }) => `  ${layer} (${operator}): ${why}`),
    ...more,
  ];
}

/** The recovered recipe in words, and what its export has otherwise than the file. */
export function recoveryText({ recipe, counts, differences, targets }: Recovery): string[] {
  const { weights, activations } = counts;
  const others = differences.map(({ subject, message }) => `  ${subject} ${message}`);
  if (!recipe) return ["No recipe was recovered:", ...others];
  const settings = settingsOf(recipe).filter(({ list, values }) => values.length > 0 && !(list && values.length > 6));
  const tried = targets.length > 1 ? `, the closest of those tried (${targets.join(", ")})` : "";
  return [
    `Recovered recipe, for ${targets[0]}${tried}; its export has`,
    `  the codes and scales of ${weights.same} of ${plural(weights.all, "weight")}${weights.sameScales > 0 ? `, and of ${weights.sameScales} more the scales` : ""}`,
    ...(activations.all > 0
      ? [`  the scale and zero point of ${activations.same} of ${plural(activations.all, "activation")}`]
      : []),
    ...settings.slice(0, 6).map(({ name, values }) => `  ${name}: ${values.join(", ")}`),
    ...(others.length > 0
      ? [
          "It differs:",
          ...others.slice(0, MOST),
          ...(others.length > MOST ? [`  and ${others.length - MOST} more`] : []),
        ]
      : []),
  ];
}
