import type { Tensor } from "../model/tensor.ts";
import { intOf, intsOf, stringOf } from "../onnx/attributes.ts";
import type { NodeProto } from "../onnx/proto/onnx_pb.ts";
import { dataTypeOf } from "../onnx/tensor.ts";
import { elementCount } from "../values/dims.ts";
import { type DataType, elementBytes } from "../values/elementTypes.ts";
import { equationOf } from "./einsum.ts";

/** What is known of a constant before it is computed: its shape, or null, and how many elements it has at most. */
export interface Size {
  readonly type: DataType;
  readonly dims: readonly number[] | null;
  readonly elements: number;
}

/** What is known of the constants that a node reads. */
export interface Known {
  readonly size: (tensor: string) => Size | undefined;
  /** Undefined where it is not computed yet. */
  readonly value: (tensor: string) => Tensor | undefined;
}

export function bytesOf({ type, elements }: Size): number {
  return elements * elementBytes(type);
}

export function sizeOfTensor({ type, dims }: Pick<Tensor, "type" | "dims">): Size {
  return { type, dims, elements: elementCount(dims) };
}

/**
 * What each output of a node can be at most, from the shapes of what it reads and the values that decide about shapes, without
 * computing it; null where that is not known, since something is not computed yet or the operator is not one of these.
 */
export function outputSize(node: NodeProto, known: Known): Size | null {
  const first = known.size(node.input[0] ?? "");
  const type = first && typeOf(node, first, known);
  const shape = type && shapeOf(node, first, known);
  if (!shape) return null;
  if (!Array.isArray(shape)) return { type, dims: null, elements: (shape as AtMost).elements };
  return { type, dims: shape, elements: elementCount(shape) };
}

interface AtMost {
  readonly elements: number;
}
type Shape = readonly number[] | AtMost;

const BROADCAST = new Set(
  `Add And Div Equal Greater GreaterOrEqual Less LessOrEqual Max Mean Min Mod Mul Or Pow Sub Sum Where Xor`.split(
    /\s+/,
  ),
);
const AS_FIRST = new Set(
  `Abs BatchNormalization Cast Ceil Clip CumSum EyeLike Floor Identity InstanceNormalization IsInf IsNaN Neg Not Reciprocal Relu Round Scatter ScatterElements
  ScatterND Sign Sqrt Trilu`.split(/\s+/),
);
/** They have no more elements than their first input. */
const WITHIN_FIRST = new Set("Compress DepthToSpace Slice SpaceToDepth Split".split(" "));

function shapeOf(node: NodeProto, first: Size, known: Known): Shape | null {
  const { opType } = node;
  if (AS_FIRST.has(opType)) return first.dims ?? first;
  if (BROADCAST.has(opType)) return broadcast(sizesOf(node, known));
  if (WITHIN_FIRST.has(opType)) return first;
  if (/^(Reduce|Arg)/.test(opType)) return reduced(node, first, known);
  return SHAPES[opType]?.(node, first, known) ?? null;
}

const SHAPES: Readonly<Record<string, (node: NodeProto, first: Size, known: Known) => Shape | null>> = {
  Transpose: (node, { dims, elements }) =>
    dims
      ? (intsOf(node, "perm") ?? dims.map((_, i) => dims.length - 1 - i)).map((axis) => dims[axis] ?? 0)
      : { elements },
  Reshape: (node, first, known) => {
    const wanted = known.value(node.input[1] ?? "");
    return wanted ? reshaped(numbers(wanted), first, intOf(node, "allowzero") === 1) : first;
  },
  Flatten: (node, { dims, elements }) => {
    if (!dims) return { elements };
    const axis = from(intOf(node, "axis") ?? 1, dims.length);
    return [elementCount(dims.slice(0, axis)), elementCount(dims.slice(axis))];
  },
  Squeeze: (node, { dims, elements }, known) => {
    const axes = axesOf(node, known, 1);
    if (!dims || axes === null) return { elements };
    const gone = new Set(axes?.map((axis) => from(axis, dims.length)));
    return dims.filter((dim, i) => (axes ? !gone.has(i) : dim !== 1));
  },
  Unsqueeze: (node, { dims, elements }, known) => {
    const axes = axesOf(node, known, 1);
    if (!dims || !axes) return { elements };
    const rank = dims.length + axes.length;
    const added = new Set(axes.map((axis) => from(axis, rank)));
    const rest = [...dims];
    return Array.from({ length: rank }, (_, i) => (added.has(i) ? 1 : (rest.shift() ?? 1)));
  },
  Concat: (node, { dims }, known) => {
    const sizes = sizesOf(node, known);
    const elements = sizes.reduce((sum, size) => sum + size.elements, 0);
    if (!dims || sizes.some((size) => size.dims?.length !== dims.length)) return { elements };
    const axis = from(intOf(node, "axis") ?? 0, dims.length);
    return dims.map((dim, i) => (i === axis ? sizes.reduce((sum, size) => sum + (size.dims?.[axis] ?? 0), 0) : dim));
  },
  Gather: (node, { dims, elements }, { size }) => {
    const indices = size(node.input[1] ?? "");
    if (!indices) return null;
    if (!dims || !indices.dims) return { elements: elements * indices.elements };
    const axis = from(intOf(node, "axis") ?? 0, dims.length);
    return [...dims.slice(0, axis), ...indices.dims, ...dims.slice(axis + 1)];
  },
  GatherElements: (node, _, { size }) => size(node.input[1] ?? "")?.dims ?? size(node.input[1] ?? "") ?? null,
  GatherND: (node, { elements }, { size }) => {
    const indices = size(node.input[1] ?? "");
    return indices ? { elements: elements * indices.elements } : null;
  },
  Shape: (_, { dims }) => (dims ? [dims.length] : { elements: MOST_DIMENSIONS }),
  Size: () => [],
  NonZero: (_, { dims, elements }) => ({ elements: (dims?.length ?? MOST_DIMENSIONS) * elements }),
  Pad: (node, { dims }, { value }) => {
    const pads = value(node.input[1] ?? "");
    const axes = node.input[3] ? value(node.input[3]) : null;
    if (!dims || !pads || axes === undefined) return null;
    const along = axes ? numbers(axes).map((axis) => from(axis, dims.length)) : dims.map((_, i) => i);
    const added = numbers(pads);
    return dims.map((dim, i) => {
      const at = along.indexOf(i);
      return at < 0 ? dim : Math.max(0, dim + (added[at] ?? 0) + (added[at + along.length] ?? 0));
    });
  },
  OneHot: (node, { elements }, { value }) => {
    const depth = value(node.input[1] ?? "");
    return depth ? { elements: elements * (numbers(depth)[0] ?? 0) } : null;
  },
  ConstantOfShape: (node, _, { value }) => {
    const shape = value(node.input[0] ?? "");
    return shape ? numbers(shape) : null;
  },
  Expand: (node, first, { value }) => {
    const shape = value(node.input[1] ?? "");
    if (!shape) return null;
    return first.dims
      ? broadcast([first, { type: first.type, dims: numbers(shape), elements: 0 }])
      : { elements: first.elements * elementCount(numbers(shape)) };
  },
  Tile: (node, { dims, elements }, { value }) => {
    const repeats = value(node.input[1] ?? "");
    if (!repeats) return null;
    const times = numbers(repeats);
    return dims ? dims.map((dim, i) => dim * (times[i] ?? 1)) : { elements: elements * elementCount(times) };
  },
  MatMul: (node, { dims }, { size }) => {
    const other = size(node.input[1] ?? "")?.dims;
    if (!dims?.length || !other?.length) return null;
    const batches = broadcastDims([dims.slice(0, -2), other.slice(0, -2)]);
    return [...batches, ...dims.slice(-2, -1), ...(other.length === 1 ? [] : other.slice(-1))];
  },
  Gemm: (node, { dims }, { size }) => {
    const other = size(node.input[1] ?? "")?.dims;
    if (!dims || !other) return null;
    return [dims[intOf(node, "transA") === 1 ? 1 : 0] ?? 0, other[intOf(node, "transB") === 1 ? 0 : 1] ?? 0];
  },
  Einsum: (node, _, known) => {
    const shapes = sizesOf(node, known).map(({ dims }) => dims);
    if (!shapes.every((dims) => dims !== null)) return null;
    const equation = equationOf(stringOf(node, "equation") ?? "", shapes);
    return equation && [...equation.result].map((letter) => equation.sizes.get(letter) ?? 0);
  },
  Range: (node, _, { value }) => {
    const ends = node.input.slice(0, 3).map((name) => value(name));
    if (!ends.every((end) => end !== undefined)) return null;
    const [start = 0, limit = 0, delta = 1] = ends.flatMap(numbers);
    return [Math.max(0, Math.ceil((limit - start) / delta))];
  },
};

/** ONNX Runtime's own limit is far below: a bound for a tensor of which nothing is known. */
const MOST_DIMENSIONS = 64;

function typeOf({ opType, input, attribute }: NodeProto, first: Size, { size }: Known): DataType | null {
  const given = (code: number | undefined) => {
    const type = code === undefined ? first.type : dataTypeOf(code);
    return type === "other" ? null : type;
  };
  if (/^(ArgM|NonZero$|Shape$|Size$)/.test(opType)) return "int64";
  if (/^(And|Equal|Greater|Is|Less|Not$|Or$|Xor)/.test(opType)) return "bool";
  if (opType === "Cast") return given(Number(attribute.find(({ name }) => name === "to")?.i ?? 0));
  if (opType === "EyeLike") {
    const dtype = attribute.find(({ name }) => name === "dtype")?.i;
    return given(dtype === undefined ? undefined : Number(dtype));
  }
  if (opType === "ConstantOfShape") {
    const filled = attribute.find(({ name }) => name === "value")?.t;
    return filled ? given(filled.dataType) : "float32";
  }
  if (opType === "OneHot") return size(input[2] ?? "")?.type ?? null;
  if (opType === "Where") return size(input[1] ?? "")?.type ?? null;
  return first.type;
}

function sizesOf({ input }: NodeProto, { size }: Known): Size[] {
  return input.filter(Boolean).flatMap((name) => size(name) ?? []);
}

/** https://github.com/onnx/onnx/blob/main/docs/Broadcasting.md; of shapes that are not known no more than all products. */
function broadcast(sizes: readonly Size[]): Shape {
  const shapes = sizes.map(({ dims }) => dims);
  if (!shapes.every((dims) => dims !== null)) {
    return { elements: sizes.reduce((product, { elements }) => product * elements, 1) };
  }
  return broadcastDims(shapes);
}

/** The shape that shapes come to when they are broadcast. */
export function broadcastDims(shapes: readonly (readonly number[])[]): readonly number[] {
  const rank = Math.max(0, ...shapes.map(({ length }) => length));
  return Array.from({ length: rank }, (_, i) => {
    const along = shapes.map((dims) => dims[dims.length - rank + i] ?? 1);
    return along.find((dim) => dim !== 1) ?? 1;
  });
}

function reduced(node: NodeProto, { dims, elements }: Size, known: Known): Shape {
  const axes = node.opType.startsWith("Arg") ? [intOf(node, "axis") ?? 0] : axesOf(node, known, 1);
  if (!dims || axes === null) return { elements };
  return reducedDims(node, dims, axes);
}

/** What a reduction leaves of a shape; `axes` undefined are all of them, or none with `noop_with_empty_axes`. */
export function reducedDims(node: NodeProto, dims: readonly number[], axes: readonly number[] | undefined): number[] {
  const along = reducedAxes(node, dims.length, axes);
  return intOf(node, "keepdims") === 0
    ? dims.filter((_, i) => !along.has(i))
    : dims.map((dim, i) => (along.has(i) ? 1 : dim));
}

export function reducedAxes(node: NodeProto, rank: number, axes: readonly number[] | undefined): ReadonlySet<number> {
  if (axes && axes.length > 0) return new Set(axes.map((axis) => from(axis, rank)));
  return intOf(node, "noop_with_empty_axes") === 1 ? new Set() : new Set(Array.from({ length: rank }, (_, i) => i));
}

/** The axes of a node, an attribute or an input by its opset; undefined where it names none, null where they are not known yet. */
export function axesOf(node: NodeProto, { value }: Known, input: number): readonly number[] | undefined | null {
  const name = node.input[input];
  if (!name) return intsOf(node, "axes");
  const axes = value(name);
  return axes ? numbers(axes) : null;
}

function reshaped(wanted: readonly number[], { dims, elements }: Size, allowsZero: boolean): Shape {
  const settled = wanted.map((dim, i) => (dim === 0 && !allowsZero ? (dims?.[i] ?? Number.NaN) : dim));
  if (!dims && settled.includes(-1)) return { elements };
  const rest = settled.filter((dim) => dim >= 0).reduce((product, dim) => product * dim, 1);
  const shape = settled.map((dim) => (dim === -1 ? elements / rest : dim));
  return shape.every((dim) => Number.isSafeInteger(dim) && dim >= 0) ? shape : { elements };
}

/** An axis counted from the front. */
export function from(axis: number, rank: number): number {
  return axis < 0 ? axis + rank : axis;
}

export function numbers({ data }: Tensor): number[] {
  return Array.from(data, Number);
}
