import { scaleDimsOf } from "../encode/decoded.ts";
import type { EncodedWeight } from "../encode/weight.ts";
import type { Tensor } from "../model/tensor.ts";
import { intAttribute, makeNode } from "../onnx/attributes.ts";
import { withFields } from "../onnx/messages.ts";
import { freshName, stemOf, tensorNames } from "../onnx/names.ts";
import { INT4_OPSET, opsetOf, RUNTIME_DOMAIN, withDomain } from "../onnx/opset.ts";
import type { ModelProto, NodeProto, TensorProto } from "../onnx/proto/onnx_pb.ts";
import { codesProto, type PackedTensor, scalar, tensorProto, type WorkedTensor, workedProto } from "../onnx/tensor.ts";
import type { QuantizationPlan } from "../plan/plan.ts";
import { type ActivationType, type WeightCodes, type WeightType, weightCodes } from "../values/codes.ts";
import type { DataType } from "../values/elementTypes.ts";

/** Where scales run along, how many values of a block share one, and whose DequantizeLinear it is. */
interface Placing {
  readonly axis?: number | null;
  readonly block?: number | null;
  readonly domain?: string;
}

/** A weight's codes, or what works them out. */
type Codes = Tensor | PackedTensor | WorkedTensor;

function codesOf(weight: string, encoded: EncodedWeight): Codes {
  const { type, dims, isDeferred } = encoded;
  if (!isDeferred) return { type, dims, data: encoded.codes } as Tensor | PackedTensor;
  return { type: type as DataType, dims, work: () => encoded.codes, weight };
}

function isScaledAlike(a: EncodedWeight, b: EncodedWeight): boolean {
  if (a.type !== b.type || !areAlike(a.scales, b.scales)) return false;
  return a.zeroPoints && b.zeroPoints ? areAlike(a.zeroPoints, b.zeroPoints) : true;
}

function areAlike(a: Float32Array | WeightCodes, b: Float32Array | WeightCodes): boolean {
  return a.length === b.length && a.every((value, at) => value === b[at]);
}

/** The zero point of an activation; the only one that float8 has is 0. */
export function zeroPointTensor(type: ActivationType, zeroPoint: number): Tensor | PackedTensor {
  return type === "float8" ? { type, dims: [], data: new Uint8Array(1) } : scalar(type, zeroPoint);
}

/** The names of codes, their scale and their zero point. */
export type Stored = readonly [codes: string, scale: string, zeroPoint: string];

/**
 * A graph while it is written: nodes in order, initialisers, and names that nothing else has. Names follow ONNX Runtime's
 * tool: `x_scale`, `x_zero_point`, `x_quantized`, `x_DequantizeLinear_Output`; where x is long, `stemOf` it stands in its place.
 */
export class GraphDraft {
  readonly #model: ModelProto;
  readonly #plan: QuantizationPlan;
  /** Names in use, of tensors and of nodes. */
  readonly #names: Set<string>;
  readonly #nodes: NodeProto[] = [];
  readonly #initializers: TensorProto[] = [];
  readonly #weights = new Map<string, { readonly encoded: EncodedWeight; readonly output: string }[]>();
  readonly #stored = new Map<string, Stored>();
  #zero: string | null = null;

  constructor(model: ModelProto, plan: QuantizationPlan) {
    this.#model = model;
    this.#plan = plan;
    this.#names = tensorNames(plan.index.graph);
    for (const { node } of plan.layers) this.#names.add(node.name);
  }

  /** A new name for what belongs to a tensor. */
  fresh(tensor: string, suffix: string): string {
    return freshName(this.#names, stemOf(tensor) + suffix);
  }

  /** The domain of operators on codes of a type: ONNX's own where the model's opset knows the type, else the runtime's. Models with 2 bits have that opset. */
  domainOf(type: WeightType | ActivationType): string {
    const isNew = type === "int4" || type === "uint4" || type === "uint16" || type === "int16";
    return isNew && opsetOf(this.#model) < INT4_OPSET ? (this.#plan.target.ownDomain ?? "") : "";
  }

  add(node: NodeProto): void {
    this.#nodes.push(node);
  }

  /** Codes with their scale and zero point as initialisers, by name. */
  store(name: string, codes: Codes, scale: Tensor, zeroPoint: Tensor | PackedTensor): Stored {
    const quantized = this.fresh(name, "_quantized");
    this.#initializers.push("work" in codes ? workedProto(quantized, codes) : codesProto(quantized, codes));
    return [quantized, ...this.addParameters(name, scale, zeroPoint)];
  }

  /** A constant that is written as it is, by name. */
  addConstant(owner: string, suffix: string, tensor: Codes): string {
    const name = this.fresh(owner, suffix);
    this.#initializers.push("work" in tensor ? workedProto(name, tensor) : codesProto(name, tensor));
    return name;
  }

  /** Scale and zero point as initialisers, by name. */
  addParameters(owner: string, scale: Tensor, zeroPoint: Tensor | PackedTensor): readonly [string, string] {
    const names = [this.fresh(owner, "_scale"), this.fresh(owner, "_zero_point")] as const;
    this.#initializers.push(tensorProto(names[0], scale), codesProto(names[1], zeroPoint));
    return names;
  }

  dequantize(
    tensor: string,
    codes: string,
    parameters: readonly string[],
    output: string,
    { axis = null, block = null, domain = "" }: Placing = {},
  ): void {
    const name = this.fresh(tensor, "_DequantizeLinear");
    const attributes = [
      ...(axis === null ? [] : [intAttribute("axis", axis)]),
      ...(block === null ? [] : [intAttribute("block_size", block)]),
    ];
    this.#nodes.push(makeNode("DequantizeLinear", [codes, ...parameters], [output], { name, attributes, domain }));
  }

  /** The name of a constant's dequantized values: one scale and zero point, or one for each place along the axis. */
  constant(name: string, codes: Codes, scale: Tensor, zeroPoint: Tensor | PackedTensor, placing: Placing = {}): string {
    const [quantized, ...parameters] = this.store(name, codes, scale, zeroPoint);
    const output = this.fresh(name, "_DequantizeLinear_Output");
    this.dequantize(name, quantized, parameters, output, placing);
    return output;
  }

  /** The same of a constant whose zero points are 0, which need not be written of int32: it has no other (ONNX, DequantizeLinear). */
  symmetricConstant(
    name: string,
    codes: Tensor | PackedTensor,
    scales: Float32Array,
    { axis = null, domain = "" }: Placing = {},
  ): string {
    const dims = axis === null ? [] : [scales.length];
    const scale: Tensor = { type: "float32", dims, data: scales };
    if (codes.type !== "int32" || this.#plan.writesBiasZeros) {
      const zeros = codes.type === "int32" ? new Int32Array(scales.length) : new Int8Array(scales.length);
      const zeroPoint = { ...codes, dims, data: zeros } as Tensor | PackedTensor;
      return this.constant(name, codes, scale, zeroPoint, { axis, domain });
    }
    const parameters = [this.addConstant(name, "_quantized", codes), this.addConstant(name, "_scale", scale)] as const;
    const output = this.fresh(name, "_DequantizeLinear_Output");
    this.dequantize(name, parameters[0], [parameters[1]], output, { axis, domain });
    return output;
  }

  /** A weight's int8 codes, scales and the zero point that all of them share; layers that share a weight share them. */
  weightCodes(name: string, { dims, axis, scales, codes, rounding }: EncodedWeight): Stored {
    const key = `${name} ${axis} ${scales.join()} ${rounding}`;
    const known = this.#stored.get(key);
    if (known) return known;
    const stored = [
      this.addConstant(name, "_quantized", { type: "int8", dims, data: codes }),
      this.addConstant(name, "_scale", { type: "float32", dims: axis === null ? [] : [scales.length], data: scales }),
      this.#sharedZero(),
    ] as const;
    this.#stored.set(key, stored);
    return stored;
  }

  /** Zero points for a weight whose operator takes one for each scale. */
  zeroPoints(name: string, { axis, scales }: EncodedWeight): string {
    if (axis === null) return this.#sharedZero();
    return this.addConstant(name, "_zero_point", {
      type: "int8",
      dims: [scales.length],
      data: new Int8Array(scales.length),
    });
  }

  #sharedZero(): string {
    this.#zero ??= this.addConstant("weight", "_zero_point", scalar("int8", 0));
    return this.#zero;
  }

  /**
   * The name of a weight's dequantized values; layers that share a weight, its scales and its rounding share them. Scales of blocks take
   * the DequantizeLinear of opset 21, which is the model's. Unsigned, codes of int8 are 128 more, and their zero points 128.
   */
  weight(name: string, encoded: EncodedWeight, isUnsigned = false): string {
    const { type, dims, axis, blocks, scales, zeroPoints, rounding } = encoded;
    const key = `${name} ${axis} ${JSON.stringify(blocks)} ${rounding} ${isUnsigned}`;
    const alike = this.#weights.get(key) ?? [];
    const known = alike.find((each) => isScaledAlike(each.encoded, encoded));
    if (known) return known.output;
    const domain = this.domainOf(type);
    const own = scaleDimsOf(encoded);
    const zeros = zeroPoints ?? weightCodes(type, scales.length);
    const output =
      isUnsigned && type === "int8"
        ? this.#unsignedConstant(name, { type, dims, data: encoded.codes as Int8Array }, scales, axis)
        : this.constant(
            name,
            codesOf(name, encoded),
            { type: "float32", dims: own, data: scales },
            { type, dims: own, data: zeros } as Tensor | PackedTensor,
            { axis: blocks ? blocks.axis : axis, block: blocks?.size ?? null, domain },
          );
    this.#weights.set(key, [...alike, { encoded, output }]);
    return output;
  }

  #unsignedConstant(name: string, { dims, data }: Tensor, scales: Float32Array, axis: number | null): string {
    const scaleDims = axis === null ? [] : [scales.length];
    const codes: Tensor = { type: "uint8", dims, data: Uint8Array.from(data as Int8Array, (code) => code + 128) };
    const zeroPoint: Tensor = { type: "uint8", dims: scaleDims, data: new Uint8Array(scales.length).fill(128) };
    return this.constant(name, codes, { type: "float32", dims: scaleDims, data: scales }, zeroPoint, { axis });
  }

  /** The model with the nodes added, and initialisers that they, a caller or a subgraph read. */
  assemble(): ModelProto {
    const { graph } = this.#plan.index;
    const read = new Set(this.#nodes.flatMap((node) => node.input));
    for (const { name } of graph.output) read.add(name);
    const isCaptured = (name: string) => this.#plan.index.uses(name).some(({ input }) => input === -1);
    const kept = graph.initializer.filter(({ name }) => read.has(name) || isCaptured(name));
    const alive = new Set([...read, ...this.#nodes.flatMap((node) => node.output)]);
    const isOwn = this.#nodes.some(({ domain }) => domain === RUNTIME_DOMAIN);
    return withFields(isOwn ? withDomain(this.#model, RUNTIME_DOMAIN) : this.#model, {
      producerName: "octet",
      producerVersion: "",
      graph: withFields(graph, {
        node: this.#nodes,
        initializer: [...kept, ...this.#initializers],
        valueInfo: graph.valueInfo.filter(({ name }) => alive.has(name)),
      }),
    });
  }
}
