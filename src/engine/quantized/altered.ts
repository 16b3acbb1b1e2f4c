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

/**
 * The first layer of a file whose weight is not the float model's, rounded: scaled channel by channel along any axis by more than a tenth, as equalization
 * and smoothing do, trained on, or of another shape. What such a layer reads or makes may be other values than the float model's. Null where
 * there is none. Arguments as those of matchLayers.
 */
export function alteredLayer(
  stored: readonly ReadLayer[],
  matches: readonly LayerMatch[],
  float: GraphProto,
  given: GraphProto,
): LayerMatch | null {
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
  const layers = new Map(stored.map((layer) => [layer.id, layer]));
  const isAltered = (match: LayerMatch) => {
    const { weights } = layers.get(match.stored)!;
    return weights.some((weight, at) => !isOneOf(weight, at, forms.get(match.float) ?? []));
  };
  return matches.find(isAltered) ?? null;
}

function isOneOf(weight: ReadConstant, at: number, [layer, ...others]: readonly FloatLayer[]): boolean {
  if (!layer || layer.weights.length === 0) return true;
  const steps = stepsOf(weight);
  return [layer, ...others].some(({ weights }) => {
    const tensor = weights[Math.min(at, weights.length - 1)];
    return tensor !== undefined && alignedTo(weight, tensor, layer).some((aligned) => isRounded(aligned, steps));
  });
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
