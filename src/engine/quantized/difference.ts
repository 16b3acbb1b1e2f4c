import type { RecipeDifference, RecoveryCounts } from "../model/quantizedFile.ts";
import type { TensorProto } from "../onnx/proto/onnx_pb.ts";
import { significant } from "../values/figures.ts";
import { percent } from "../values/shares.ts";
import { biasApart, biasValues, type ReadBias, stepAt } from "./bias.ts";
import { codeOf } from "./carried.ts";
import type { ReadConstant } from "./constant.ts";
import { floatsOf } from "./floats.ts";
import type { Matched } from "./match.ts";
import type { ReadLayer } from "./read.ts";
import { recipeType } from "./scheme.ts";

/** Scales that differ by less are the same but for the order in which they were worked out, relative. */
const SAME_SCALE = 1e-5;

/** The same of floats that were folded, against the largest of their tensor. */
const SAME_FLOAT = 1e-5;

/** The layers of a quantized model, and which of the float model they are. */
export interface Side {
  readonly layers: readonly ReadLayer[];
  readonly matched: Matched;
}

export interface Difference {
  readonly counts: RecoveryCounts;
  readonly differences: readonly RecipeDifference[];
}

/** What one quantized model has otherwise than a file, both matched to the same float model. */
export function differenceOf(file: Side, made: Side): Difference {
  const differences: RecipeDifference[] = [];
  const say = (subject: string, message: string) => differences.push({ subject, message });
  const [own, other] = [layersByFloat(file), layersByFloat(made)];
  const weights = { all: 0, same: 0, sameScales: 0 };
  for (const [float, layer] of own) {
    const [weight] = layer.weights;
    if (!weight || layer.form === "float") continue;
    weights.all++;
    const counterpart = other.get(float);
    const biases = layer.bias && counterpart?.bias ? biasDifference(layer.bias, counterpart.bias) : null;
    if (biases) say(float, biases);
    const again = counterpart?.weights[0];
    if (!again) {
      say(float, `is ${weight.type} in the file, and float in the export.`);
      continue;
    }
    if (isOfIntegers(layer) && !isOfIntegers(counterpart))
      say(float, "is computed in integers in the file, and in float in the export.");
    const apart = weightDifference(weight, again);
    if (apart === null) weights.same++;
    else {
      if (apart.sameScales) weights.sameScales++;
      say(float, apart.message);
    }
  }
  for (const [
    float,
    {
      weights: [weight],
      form,
    },
  ] of other) {
    const counterpart = own.get(float);
    if (weight && form !== "float" && counterpart && counterpart.weights.length === 0) {
      say(float, `is float in the file, and ${weight.type} in the export.`);
    }
  }
  for (const [float, { floats, weights: held }] of own) {
    const counterpart = other.get(float);
    if (!floats || !counterpart?.floats || floats === counterpart.floats) continue;
    if (held.length + counterpart.weights.length > 0) continue;
    say(float, `is ${floats} in the file, and ${counterpart.floats} in the export.`);
  }
  for (const [float, layer] of own) {
    const counterpart = other.get(float);
    const share = counterpart ? otherShare(layer, counterpart) : 0;
    if (share > 0)
      say(
        float,
        `has constants in float32, such as a bias, of which ${percent(share)} of the values are others in the export.`,
      );
  }
  const activations = { all: 0, same: 0 };
  for (const [tensor, { activation }] of file.matched.tensors) {
    if (activation.scale === null) continue;
    activations.all++;
    const again = made.matched.tensors.get(tensor)?.activation;
    const isSame =
      again?.scale != null &&
      again.type === activation.type &&
      near(again.scale, activation.scale) &&
      again.zeroPoint === activation.zeroPoint;
    if (isSame) activations.same++;
    else if (again?.scale == null) say(tensor, "is rounded in the file, and not in the export.");
    else {
      const text = ({ type, scale, zeroPoint }: typeof activation) =>
        `${type} scale ${significant(scale!)}, zero point ${zeroPoint}`;
      say(tensor, `is ${text(activation)} in the file, ${text(again)} in the export.`);
    }
  }
  for (const [tensor, { activation }] of made.matched.tensors) {
    const counterpart = file.matched.tensors.get(tensor);
    if (activation.scale !== null && counterpart && counterpart.activation.scale === null) {
      say(tensor, "is not rounded in the file, and is in the export.");
    }
  }
  return { counts: { weights, activations }, differences };
}

/** The share of values that two layers' constants in float32 have otherwise; 0 where these are not one another's. */
function otherShare(file: ReadLayer, made: ReadLayer): number {
  const isSame = (tensor: TensorProto, at: number) => tensor.dims.join() === made.constants[at]!.dims.join();
  if (file.written !== made.written || file.constants.length !== made.constants.length) return 0;
  if (!file.constants.every(isSame)) return 0;
  let [apart, all] = [0, 0];
  for (const [at, tensor] of file.constants.entries()) {
    const [values, others] = [tensor, made.constants[at]!].map(floatsOf) as [Float32Array, Float32Array];
    const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    for (let i = 0; i < values.length; i++) {
      const [one, two] = [values[i]!, others[i]!];
      if (!Object.is(one, two) && !(Math.abs(one - two) <= SAME_FLOAT * largest)) apart++;
    }
    all += values.length;
  }
  return all === 0 ? 0 : apart / all;
}

/** Whether a runtime may compute a layer on codes: what it reads is rounded too. */
function isOfIntegers({ form }: ReadLayer): boolean {
  return form === "qdq" || form === "qoperator" || form === "dynamic";
}

/** Layers by that of the float model which they are. */
export function layersByFloat({ layers, matched }: Side): ReadonlyMap<string, ReadLayer> {
  const known = new Map(layers.map((layer) => [layer.id, layer]));
  return new Map(matched.matches.map(({ stored, float }) => [float, known.get(stored)!]));
}

/** Null where two weights have the same codes, counted from their zero points, and the same scales. */
function weightDifference(
  file: ReadConstant,
  made: ReadConstant,
): { readonly sameScales: boolean; readonly message: string } | null {
  const [type, again] = [recipeType(file), recipeType(made)];
  if (type !== again)
    return { sameScales: false, message: `has weights of ${type} in the file, of ${again} in the export.` };
  if (file.codes.length !== made.codes.length) {
    return { sameScales: false, message: "has weights of another size in the export." };
  }
  if (file.scales.length !== made.scales.length) {
    return {
      sameScales: false,
      message: `has ${file.scales.length} scales in the file, ${made.scales.length} in the export.`,
    };
  }
  const isTurned = file.dims.join() !== made.dims.join();
  const [rows = 1, columns = 1] = file.dims;
  const place = (at: number) =>
    isTurned && file.dims.length === 2 ? (at % columns) * rows + Math.floor(at / columns) : at;
  let [other, widest] = [0, 0];
  for (let at = 0; at < file.codes.length; at++) {
    const there = place(at);
    if (codeOf(file, at) !== codeOf(made, there)) other++;
    const [one, two] = [scaleAt(file, at), scaleAt(made, there)];
    widest = Math.max(widest, Math.abs(one - two) / Math.max(Math.abs(one), Math.abs(two), Number.MIN_VALUE));
  }
  const sameScales = widest <= SAME_SCALE;
  if (other === 0 && sameScales) return null;
  const codes = other > 0 ? `${percent(other / file.codes.length)} of its codes are others` : "its codes are the same";
  const scales = sameScales ? "its scales are the same" : `its scales differ by up to ${percent(widest)}`;
  return { sameScales, message: `has weights of which ${codes} in the export, and ${scales}.` };
}

/** In words, how a bias of a file and an export's differ; null where two biases have the same codes, or on other steps what both are rounded from. */
export function biasDifference(file: ReadBias, made: ReadBias): string | null {
  if (file.codes.length !== made.codes.length) return "has a bias of another size in the export.";
  const [values, others] = [biasValues(file), biasValues(made)];
  let [count, furthest] = [0, 0];
  for (const [at, value] of values.entries()) {
    const [step, other] = [stepAt(file.steps, at), stepAt(made.steps, at)];
    const apart = biasApart(value, others[at]!);
    if (apart <= (near(step, other) ? 0.5 * step : 0.505 * (step + other))) continue;
    count++;
    furthest = Math.max(furthest, apart / step);
  }
  if (count === 0) return null;
  return `has a bias of which ${percent(count / values.length)} of its values are others in the export, by up to ${significant(furthest)} of its steps.`;
}

function scaleAt({ scales, placeOf }: ReadConstant, at: number): number {
  return placeOf ? (scales[placeOf(at)] as number) : 1;
}

function near(one: number, other: number): boolean {
  return Math.abs(one - other) <= SAME_SCALE * Math.max(one, other);
}
