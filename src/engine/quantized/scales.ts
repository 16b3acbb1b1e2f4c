import { codesOf } from "../graph/dequantized.ts";
import type { StoredActivation } from "../model/quantizedFile.ts";
import type { GraphIndex } from "../onnx/graph.ts";
import type { NodeProto } from "../onnx/proto/onnx_pb.ts";
import { operatorOf } from "../operators/index.ts";
import { isDequantizer, isQuantizer } from "../operators/quantizing.ts";
import { codeOperator } from "./codeOperators.ts";
import { limitsOf } from "./constant.ts";
import type { Constants } from "./constants.ts";
import { typeName } from "./floats.ts";

/** The names of scale and zero point of what is codes, and what the tensor is called in float. */
export interface CodesOf {
  readonly tensor: string;
  readonly scale: string;
  readonly zeroPoint: string;
}

const SUFFIXES =
  /(_QuantizeLinear_Input|_QuantizeLinear_Output|_DequantizeLinear_Output|_output_quantized|_quantized|_dequantized)$/;

/** A name without what tools add to those of tensors that they quantize. */
export function bareName(name: string): string {
  const bare = name.replace(SUFFIXES, "");
  return bare === name || bare === "" ? name : bareName(bare);
}

/** What keeps the scale of the codes it reads. */
const CLAMPS = new Set(["Clip", "Relu", "Max", "Min", "Identity"]);

/** Which tensors of a graph are codes, with what scale and zero point. */
export class Scales {
  readonly #index: GraphIndex;
  readonly #constants: Constants;
  readonly #codes = new Map<string, CodesOf>();

  constructor(index: GraphIndex, constants: Constants) {
    this.#index = index;
    this.#constants = constants;
    for (const node of index.graph.node) this.#see(node);
  }

  /** Of a tensor that is codes; undefined of others. */
  of(tensor: string): CodesOf | undefined {
    return this.#codes.get(tensor);
  }

  /** What a tensor is called in float. */
  floatName(tensor: string): string {
    const maker = this.#index.producer(tensor);
    const known = maker && isDequantizer(maker) ? this.#codes.get(maker.input[0] ?? "") : this.#codes.get(tensor);
    return known?.tensor ?? tensor;
  }

  /** A tensor as the node reads it. */
  read(tensor: string): StoredActivation {
    const maker = this.#index.producer(tensor);
    if (maker && isDequantizer(maker)) {
      const [, scale = "", zeroPoint = ""] = maker.input;
      return this.activation({ tensor: this.floatName(tensor), scale, zeroPoint });
    }
    const own = this.#codes.get(tensor);
    return own ? this.activation(own) : floatActivation(tensor);
  }

  /** Its type is that of its zero point; ONNX has uint8 where there is none. */
  activation({ tensor, scale, zeroPoint }: CodesOf): StoredActivation {
    const zero = zeroPoint ? this.#index.initializer(zeroPoint) : undefined;
    const scales = this.#constants.floats(scale);
    const type = zero ? typeName(zero) : "uint8";
    if (!scales) return { tensor, type, scale: null, zeroPoint: null, range: null, isDynamic: true };
    const limits = type.startsWith("float8") ? [-FLOAT8_LIMITS[type]!, FLOAT8_LIMITS[type]!] : limitsOf(type);
    const origin = (zero && codesOf(zero)?.[0]) ?? 0;
    const isOne = scales.length === 1;
    const step = scales[0] as number;
    return {
      tensor,
      type,
      scale: isOne ? step : null,
      zeroPoint: isOne ? origin : null,
      range: isOne && limits ? { low: (limits[0]! - origin) * step, high: (limits[1]! - origin) * step } : null,
      isDynamic: false,
    };
  }

  #see(node: NodeProto): void {
    if (isQuantizer(node)) {
      const [from = "", scale = "", zeroPoint = ""] = node.input;
      const tensor = this.floatName(from);
      this.#set(node.output[0], { tensor: tensor === from ? bareName(from) : tensor, scale, zeroPoint });
      return;
    }
    if (node.opType === "DynamicQuantizeLinear") {
      const [codes, scale = "", zeroPoint = ""] = node.output;
      this.#set(codes, { tensor: this.floatName(node.input[0] ?? ""), scale, zeroPoint });
      return;
    }
    const known = codeOperator(node);
    if (known?.result) {
      const [scale = "", zeroPoint = ""] = known.result.map((at) => node.input[at] ?? "");
      const made = node.output[0] ?? "";
      if (scale) this.#set(made, { tensor: bareName(made), scale, zeroPoint });
      return;
    }
    const read = this.#codes.get(node.input[0] ?? "");
    if (!read || isDequantizer(node)) return;
    if (operatorOf(node, this.#index)?.kind !== "move" && !CLAMPS.has(node.opType)) return;
    for (const output of node.output.filter(Boolean)) this.#set(output, { ...read, tensor: bareName(output) });
  }

  #set(codes: string | undefined, of: CodesOf): void {
    if (codes) this.#codes.set(codes, of);
  }
}

/** The largest values of floats of 8 bits (https://onnx.ai/onnx/technical/float8.html). */
const FLOAT8_LIMITS: Readonly<Record<string, number>> = {
  float8e4m3fn: 448,
  float8e4m3fnuz: 240,
  float8e5m2: 57344,
  float8e5m2fnuz: 57344,
};

export function floatActivation(tensor: string): StoredActivation {
  return { tensor, type: null, scale: null, zeroPoint: null, range: null, isDynamic: false };
}
