import type { LayerMatch } from "../model/quantizedFile.ts";
import type { GraphProto } from "../onnx/proto/onnx_pb.ts";
import { elementCount } from "../values/dims.ts";
import { type Aligned, alignedTo, originsOf } from "./aligned.ts";
import { limitsOf, type ReadConstant, valuesOf } from "./constant.ts";
import { type FloatLayer, floatGraphs } from "./floatGraph.ts";
import type { ReadLayer } from "./read.ts";

/** Rounding moves a value by a step at most, up or down; a little more is arithmetic. */
const ROUNDED = 1.01;
/** How far the values of a slice may be from the float ones, all in one direction, or beyond what steps allow, as a share of their norm. */
const SCALED = 0.1;
/** The least step of a value that no scale belongs to, as a share of it: that of bfloat16. */
const SHORT = 2 ** -7;

/** How many of a layer's weights in codes are further than a step from the float ones, other than by the end of the codes. */
export interface MovedWeights {
  readonly match: LayerMatch;
  readonly moved: number;
  readonly values: number;
}

export interface Alteration {
  /** The first layer whose weight is not the float model's, rounded; null where there is none, and `layers` has all with weights in codes. */
  readonly altered: LayerMatch | null;
  readonly layers: readonly MovedWeights[];
}

/**
 * Whether a file's weights are the float model's, rounded, and not scaled channel by channel along any axis by more than a tenth, as equalization
 * and smoothing do, trained on by more than that, or of another shape: what such a layer reads or makes may be other values than the float model's. Weights
 * that were trained on by less, or found on samples (GPTQ), are counted. Arguments as those of matchLayers.
 */
export function alterationOf(
  stored: readonly ReadLayer[],
  matches: readonly LayerMatch[],
  float: GraphProto,
  given: GraphProto,
): Alteration {
  const before = floatGraphs(given);
  const forms = new Map<string, readonly FloatLayer[]>();
  for (const [path, graph] of floatGraphs(float)) {
    const own = before.get(path);
    const origins = own ? originsOf(graph.layers, own) : new Map<FloatLayer, FloatLayer>();
    for (const layer of graph.layers) {
      const origin = origins.get(layer);
      forms.set(layer.id, origin ? [layer, origin] : [layer]);
    }
  }
  const read = new Map(stored.map((layer) => [layer.id, layer]));
  const layers: MovedWeights[] = [];
  for (const match of matches) {
    let [moved, values] = [0, 0];
    for (const [at, weight] of read.get(match.stored)!.weights.entries()) {
      const found = movedIn(weight, at, forms.get(match.float) ?? []);
      if (found === null) return { altered: match, layers };
      if (weight.placeOf === null) continue;
      moved += found;
      values += weight.codes.length;
    }
    if (values > 0) layers.push({ match, moved, values });
  }
  return { altered: null, layers };
}

/** How many values of a weight were moved further than by rounding from a float one that it may be; null where it is none of them, rounded. */
function movedIn(weight: ReadConstant, at: number, [layer, ...others]: readonly FloatLayer[]): number | null {
  if (!layer || layer.weights.length === 0) return 0;
  const steps = stepsOf(weight);
  const ends = endsOf(weight);
  const found = [layer, ...others].flatMap(({ weights }) => {
    const tensor = weights[Math.min(at, weights.length - 1)];
    const all = tensor === undefined ? [] : alignedTo(weight, tensor, layer);
    return all.filter((aligned) => isRounded(aligned, steps)).map((aligned) => countMoved(aligned, steps, ends));
  });
  return found.length === 0 ? null : Math.min(...found);
}

/** Of each code whether it is the highest of its type, 1, or the lowest, -1: what a scale cuts off is there. */
function endsOf({ codes, type, scales, placeOf }: ReadConstant): Float32Array {
  const limits = limitsOf(type);
  return Float32Array.from(codes, (code, i) => {
    if (!limits || placeOf === null) return 0;
    const sign = Math.sign(scales[placeOf(i)]!);
    return code === limits[1] ? sign : code === limits[0] || code === -limits[1] ? -sign : 0;
  });
}

function countMoved({ float, align }: Aligned, elementSteps: Float32Array, elementEnds: Float32Array): number {
  const [values, steps, ends] = [align(), align(elementSteps), align(elementEnds)];
  let moved = 0;
  for (let i = 0; i < float.length; i++) {
    const apart = float[i]! - values[i]!;
    if (Math.abs(apart) > ROUNDED * steps[i]! && apart * ends[i]! <= 0) moved++;
  }
  return moved;
}

/** How far rounding may have moved each element; any way where codes are not evenly spaced. */
function stepsOf(weight: ReadConstant): Float32Array {
  const { codes, table, scales, placeOf, type } = weight;
  if (placeOf === null) return valuesOf(weight).map((value) => Math.abs(value) * SHORT);
  const isEven = !table && limitsOf(type) !== null;
  return Float32Array.from({ length: codes.length }, (_, i) =>
    isEven ? Math.abs(scales[placeOf(i)]!) : Number.POSITIVE_INFINITY,
  );
}

/** Whether no slice along an axis is both beyond rounding and by a share other than the float one: larger or smaller, or in any direction. */
function isRounded({ float, dims, align }: Aligned, elementSteps: Float32Array): boolean {
  const [values, steps] = [align(), align(elementSteps)];
  return dims.every((length, axis) => {
    const inner = elementCount(dims.slice(axis + 1));
    const sums = () => new Float64Array(length);
    const [products, squares, errors, allowed, beyond] = [sums(), sums(), sums(), sums(), new Uint8Array(length)];
    for (let i = 0; i < float.length; i++) {
      const at = Math.floor(i / inner) % length;
      const [own, other] = [float[i]!, values[i]!];
      products[at]! += own * other;
      squares[at]! += own * own;
      errors[at]! += (other - own) ** 2;
      allowed[at]! += steps[i]! ** 2;
      if (Math.abs(other - own) > ROUNDED * steps[i]!) beyond[at] = 1;
    }
    const isSimilar = (square: number, at: number) =>
      Math.abs(products[at]! - square) <= SCALED * square && errors[at]! <= SCALED ** 2 * square + allowed[at]!;
    return squares.every((square, at) => !beyond[at] || isSimilar(square, at));
  });
}
