import { codesOf } from "../graph/dequantized.ts";
import { intOf, intsOf } from "../onnx/attributes.ts";
import { capturedBy, type GraphIndex } from "../onnx/graph.ts";
import { isDefaultDomain } from "../onnx/opset.ts";
import type { NodeProto, TensorProto } from "../onnx/proto/onnx_pb.ts";
import { dimsOf } from "../onnx/tensor.ts";
import { isDequantizer, isQuantizer } from "../operators/quantizing.ts";
import { clamp } from "../values/clamp.ts";
import { elementCount } from "../values/dims.ts";
import { roundHalfEven } from "../values/round.ts";
import { limitsOf, placesOf, type ReadConstant } from "./constant.ts";
import { floatsOf, typeName } from "./floats.ts";

/** What a constant is that is not stored in float32, or why it is not understood; null of one that is in float32, or no constant. */
export type Found = ReadConstant | string | null;

const SAME_ORDER = new Set(["Identity", "Reshape", "Squeeze", "Unsqueeze", "Flatten"]);

/** Reads the constants of a graph by what makes them of initialisers. */
export class Constants {
  readonly #index: GraphIndex;
  readonly #known = new Map<string, boolean>();

  constructor(index: GraphIndex) {
    this.#index = index;
  }

  /** Whether a tensor follows from initialisers alone. */
  isConstant(name: string): boolean {
    const known = this.#known.get(name);
    if (known !== undefined) return known;
    const maker = this.#index.producer(name);
    this.#known.set(name, false);
    const reads = maker ? [...maker.input.filter(Boolean), ...capturedBy(maker)] : [];
    const isMade =
      maker !== undefined &&
      (reads.length > 0 ? reads.every((each) => this.isConstant(each)) : maker.opType === "Constant");
    const is = this.#index.initializer(name) !== undefined || isMade;
    this.#known.set(name, is);
    return is;
  }

  /** The values of a constant that is a float initialiser, or one after a Cast or a change of shape. */
  floats(name: string): Float32Array | null {
    const own = this.#index.initializer(name);
    if (own) return floatsOf(own);
    const maker = this.#index.producer(name);
    if (!maker || !isDefaultDomain(maker.domain)) return null;
    return maker.opType === "Cast" || SAME_ORDER.has(maker.opType) ? this.floats(maker.input[0] ?? "") : null;
  }

  /** A constant that a layer reads, by name. */
  find(name: string): Found {
    const own = this.#index.initializer(name);
    if (own) return typeName(own) === "float16" || typeName(own) === "bfloat16" ? shortFloat(own) : null;
    const maker = this.#index.producer(name);
    if (!maker || !this.isConstant(name)) return null;
    if (isDequantizer(maker)) return this.#dequantized(maker);
    if (!isDefaultDomain(maker.domain)) return `${maker.opType} makes it`;
    if (maker.opType === "Cast") return this.#cast(maker);
    if (maker.opType === "Mul") return this.#scaled(maker);
    if (maker.opType === "Gather") return this.#looked(maker);
    if (maker.opType === "Transpose") return this.#transposed(maker);
    if (SAME_ORDER.has(maker.opType))
      return maker.opType === "Identity" ? this.find(maker.input[0] ?? "") : this.#reshaped(maker);
    return this.#isFloatOnly(name) ? null : `${maker.opType} makes it`;
  }

  /** Codes with a scale and a zero point each by name, as operators on codes read them. */
  operand(codes: string, scale: string, zeroPoint: string, axis: number | null): ReadConstant | string {
    const tensor = this.#index.initializer(codes);
    const maker = this.#index.producer(codes);
    if (maker && isQuantizer(maker)) return this.#roundedAtLoad(maker, scale, zeroPoint);
    if (!tensor) return "its codes are not an initialiser";
    const zero = zeroPoint ? this.#index.initializer(zeroPoint) : undefined;
    if (zeroPoint && !zero) return "its zero point is not an initialiser";
    const scales = this.floats(scale);
    if (!scales) return "its scale is not a constant";
    return this.#made(tensor, scales, zero, axis, null);
  }

  #dequantized(node: NodeProto): Found {
    const [from = "", scale = "", zeroPoint = ""] = node.input;
    const scaleTensor = this.#index.initializer(scale);
    const scales = this.floats(scale);
    const zero = zeroPoint ? this.#index.initializer(zeroPoint) : undefined;
    if (!scales || (zeroPoint && !zero)) return "its scale or zero point is not a constant";
    const tensor = this.#index.initializer(from);
    const dims = tensor ? dimsOf(tensor) : null;
    const size = intOf(node, "block_size") ?? 0;
    const given = intOf(node, "axis") ?? 1;
    const rank = dims?.length ?? 0;
    const axis = given < 0 ? given + rank : given;
    const scaleDims = scaleTensor ? dimsOf(scaleTensor) : [scales.length];
    const isOne = scales.length === 1 && size === 0;
    if (tensor) {
      return size > 0
        ? this.#made(tensor, scales, zero, null, { axis, size })
        : this.#made(tensor, scales, zero, isOne || scaleDims.length === 0 ? null : axis, null);
    }
    const maker = this.#index.producer(from);
    if (maker && isQuantizer(maker)) return this.#roundedAtLoad(maker, scale, zeroPoint);
    if (maker && isDefaultDomain(maker.domain) && (SAME_ORDER.has(maker.opType) || maker.opType === "Transpose")) {
      return isOne
        ? this.#movedCodes(maker, scales, zero)
        : `${maker.opType} moves its codes, which have several scales`;
    }
    return `${maker?.opType ?? "nothing"} makes its codes`;
  }

  /** Codes that are moved before they become values of one scale. */
  #movedCodes(mover: NodeProto, scales: Float32Array, zero: TensorProto | undefined): Found {
    const tensor = this.#index.initializer(mover.input[0] ?? "");
    if (!tensor) return `${mover.opType} makes its codes`;
    const made = this.#made(tensor, scales, zero, null, null);
    if (typeof made === "string") return made;
    return mover.opType === "Transpose" ? transposed(made, mover) : this.#inShape(made, mover);
  }

  /** A float weight that the runtime rounds when it loads the model. */
  #roundedAtLoad(quantizer: NodeProto, scale: string, zeroPoint: string): ReadConstant | string {
    const given = this.#floatConstant(quantizer.input[0] ?? "");
    const scales = this.floats(scale);
    const zero = this.#index.initializer(zeroPoint);
    if (!given || !scales) return "it is rounded when the model is loaded, and is no float constant";
    const { name, dims, values } = given;
    const type = zero ? typeName(zero) : "uint8";
    const limits = limitsOf(type);
    if (!limits) return `it is rounded to ${type} when the model is loaded`;
    const along = intOf(quantizer, "axis") ?? 1;
    const size = intOf(quantizer, "block_size") ?? 0;
    const at = along < 0 ? along + dims.length : along;
    const axis = scales.length === 1 || size > 0 ? null : at;
    const block = size > 0 ? { axis: at, size } : null;
    const zeros = zero ? codesOf(zero) : null;
    const placeOf = placesOf(dims, axis, block);
    const codes = Float32Array.from(values, (value, i) => {
      const place = placeOf(i);
      return clamp(roundHalfEven(Math.fround(value / scales[place]!)) + (zeros?.[place] ?? 0), limits[0], limits[1]);
    });
    return { name, type, dims, axis, block, scales, zeroPoints: someOf(zeros), codes, placeOf };
  }

  /** A float initialiser, in the shape that a Reshape after it gives it. */
  #floatConstant(
    name: string,
  ): { readonly name: string; readonly dims: readonly number[]; readonly values: Float32Array } | null {
    const tensor = this.#index.initializer(name);
    if (tensor) {
      const values = floatsOf(tensor);
      return values && { name: tensor.name, dims: dimsOf(tensor), values };
    }
    const maker = this.#index.producer(name);
    if (maker?.opType !== "Reshape" || !isDefaultDomain(maker.domain)) return null;
    const found = this.#floatConstant(maker.input[0] ?? "");
    const dims = found && this.#shapeOf(maker, found.values.length);
    return dims ? { ...found, dims } : null;
  }

  /** A float16 or bfloat16 that becomes float32, or integers that are numbers themselves. */
  #cast(node: NodeProto): Found {
    const from = node.input[0] ?? "";
    const tensor = this.#index.initializer(from);
    if (!tensor)
      return this.#isFloatOnly(from)
        ? this.find(from)
        : `Cast makes it of what ${this.#index.producer(from)?.opType} makes`;
    const type = typeName(tensor);
    if (type === "float16" || type === "bfloat16") return shortFloat(tensor);
    return type === "float32" || limitsOf(type) === null || tensor.dims.length < 2
      ? null
      : "codes are cast to float without a scale";
  }

  /** Cast(codes) * scale, or an entry of a table * scale. */
  #scaled(node: NodeProto): Found {
    for (const [at, other] of [
      [0, 1],
      [1, 0],
    ] as const) {
      const [value = "", factor = ""] = [node.input[at], node.input[other]];
      const scales = this.floats(factor);
      const maker = this.#index.producer(value);
      if (!scales || !maker || !isDefaultDomain(maker.domain)) continue;
      const base =
        maker.opType === "Cast" ? this.#castCodes(maker) : maker.opType === "Gather" ? this.#looked(maker) : null;
      if (!base || typeof base === "string") continue;
      const factorDims = this.#dims(factor);
      const axis =
        scales.length === 1 ? null : factorDims.length - 1 - [...factorDims].reverse().findIndex((dim) => dim > 1);
      if (axis !== null && base.dims[axis] !== scales.length) return "its scales are not those of an axis";
      return { ...base, axis, scales, placeOf: placesOf(base.dims, axis, null) };
    }
    return this.#isFloatOnly(node.output[0] ?? "") ? null : "Mul makes it of what is not read";
  }

  #castCodes(cast: NodeProto): ReadConstant | null {
    const tensor = this.#index.initializer(cast.input[0] ?? "");
    const made =
      tensor && limitsOf(typeName(tensor)) ? this.#made(tensor, Float32Array.of(1), undefined, null, null) : null;
    return typeof made === "string" ? null : made;
  }

  /** Entries of a table, at places that are its codes. */
  #looked(node: NodeProto): Found {
    const entries = this.floats(node.input[0] ?? "");
    const cast = this.#index.producer(node.input[1] ?? "");
    const places = this.#index.initializer((cast?.opType === "Cast" ? cast.input[0] : node.input[1]) ?? "");
    const codes = places && codesOf(places);
    if (!entries || !places || !codes || entries.length > 256)
      return this.#isFloatOnly(node.output[0] ?? "") ? null : "Gather makes it";
    const dims = dimsOf(places);
    const type = entries.length > 16 ? "codebook256" : "codebook16";
    const one = { axis: null, block: null, scales: Float32Array.of(1), zeroPoints: null, placeOf: () => 0 };
    return { name: places.name, type, dims, ...one, codes, table: entries };
  }

  #transposed(node: NodeProto): Found {
    const found = this.find(node.input[0] ?? "");
    return found === null || typeof found === "string" ? found : transposed(found, node);
  }

  #reshaped(node: NodeProto): Found {
    const found = this.find(node.input[0] ?? "");
    return found === null || typeof found === "string" ? found : this.#inShape(found, node);
  }

  /** Values in the shape that a node gives them: their order is the same. */
  #inShape(found: ReadConstant, node: NodeProto): ReadConstant | string {
    const dims = node.opType === "Reshape" ? this.#shapeOf(node, found.codes.length) : null;
    return dims ? { ...found, dims } : `${node.opType} gives it another shape`;
  }

  /** The shape that a Reshape gives so many values, one dim of -1 being what is left; null where it is not told. */
  #shapeOf(node: NodeProto, values: number): readonly number[] | null {
    const given = this.#index.initializer(node.input[1] ?? "");
    const shape = given ? Array.from(codesOrWide(given), Number) : [0];
    const rest = values / elementCount(shape.filter((dim) => dim !== -1));
    const known = shape.map((dim) => (dim === -1 ? rest : dim));
    return known.every((dim) => Number.isInteger(dim) && dim > 0) && elementCount(known) === values ? known : null;
  }

  #made(
    tensor: TensorProto,
    scales: Float32Array,
    zero: TensorProto | undefined,
    axis: number | null,
    block: ReadConstant["block"],
  ): ReadConstant | string {
    const codes = codesOf(tensor);
    const type = typeName(tensor);
    if (!codes) return `its codes are ${type}`;
    const dims = dimsOf(tensor);
    const own = scales.length === 1 && !block ? null : axis;
    const wanted = block
      ? elementCount(dims.map((dim, at) => (at === block.axis ? Math.ceil(dim / block.size) : dim)))
      : own === null
        ? 1
        : dims[own];
    if (wanted !== scales.length) return `it has ${scales.length} scales for ${dims.join(" x ")} values`;
    const zeros = zero ? codesOf(zero) : null;
    if (zero && (!zeros || (zeros.length !== scales.length && zeros.length !== 1)))
      return "its zero points are not of its scales";
    const all = zeros && zeros.length < scales.length ? new Float32Array(scales.length).fill(zeros[0]!) : zeros;
    return {
      name: tensor.name,
      type,
      dims,
      axis: own,
      block,
      scales,
      zeroPoints: someOf(all),
      codes,
      placeOf: placesOf(dims, own, block),
    };
  }

  #dims(name: string): readonly number[] {
    const own = this.#index.initializer(name);
    if (own) return dimsOf(own);
    const maker = this.#index.producer(name);
    return maker ? this.#dims(maker.input[0] ?? "") : [];
  }

  /** Whether a constant follows from float32 and what shapes it, and from no codes. */
  #isFloatOnly(name: string): boolean {
    const own = this.#index.initializer(name);
    if (own) return limitsOf(typeName(own)) === null || own.dims.length < 2;
    const maker = this.#index.producer(name);
    if (!maker || isDequantizer(maker)) return false;
    return maker.input.filter(Boolean).every((each) => this.#isFloatOnly(each));
  }
}

function codesOrWide(tensor: TensorProto): ArrayLike<number | bigint> {
  return codesOf(tensor) ?? (typeName(tensor) === "int64" ? bigints(tensor) : []);
}

function bigints(tensor: TensorProto): ArrayLike<bigint> {
  if (tensor.int64Data.length > 0) return tensor.int64Data;
  const { rawData } = tensor;
  const view = new DataView(rawData.buffer, rawData.byteOffset, rawData.byteLength);
  return Array.from({ length: rawData.byteLength / 8 }, (_, at) => view.getBigInt64(8 * at, true));
}

function someOf(zeros: ArrayLike<number> | null): Float32Array | null {
  const all = zeros && Float32Array.from(zeros);
  return all?.some((zero) => zero !== 0) ? all : null;
}

function shortFloat(tensor: TensorProto): ReadConstant | string {
  const codes = floatsOf(tensor);
  const type = typeName(tensor);
  if (!codes) return `its values are ${type}`;
  const one = { axis: null, block: null, scales: new Float32Array(0), zeroPoints: null, placeOf: null };
  return { name: tensor.name, type, dims: dimsOf(tensor), ...one, codes };
}

/** A matrix with its axes the other way round; more axes are not turned. */
function transposed(found: ReadConstant, node: NodeProto): ReadConstant | string {
  const [rows = 0, columns = 0] = found.dims;
  const order = intsOf(node, "perm") ?? [1, 0];
  if (found.dims.length !== 2 || order.join() !== "1,0") return "Transpose turns its axes";
  const from = (at: number) => (at % rows) * columns + Math.floor(at / rows);
  const codes = Float32Array.from({ length: found.codes.length }, (_, at) => found.codes[from(at)] as number);
  const { placeOf } = found;
  return {
    ...found,
    dims: [columns, rows],
    axis: found.axis === null ? null : 1 - found.axis,
    block: found.block && { axis: 1 - found.block.axis, size: found.block.size },
    codes,
    placeOf: placeOf && ((at) => placeOf(from(at))),
  };
}
