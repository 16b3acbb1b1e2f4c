import type { Numbers } from "../encode/numbers.ts";
import type { EncodedWeight } from "../encode/weight.ts";
import { intAttribute, intOf, makeNode } from "../onnx/attributes.ts";
import { withFields } from "../onnx/messages.ts";
import { TensorProto_DataType as Code, type ModelProto, type NodeProto } from "../onnx/proto/onnx_pb.ts";
import { scalar, tensorOf } from "../onnx/tensor.ts";
import type { LayerPlan, QuantizationPlan } from "../plan/plan.ts";
import type { WeightUse } from "../plan/weightUse.ts";
import { halfBits } from "../values/halfFloats.ts";
import type { Emitted, Writer } from "./emitted.ts";
import { GraphDraft } from "./graphDraft.ts";

/**
 * Scales of activations found at run time: a DynamicQuantizeLinear for each tensor that layers with weights read, MatMulInteger and
 * ConvInteger, and their sums times both scales, one of the weight's for each output channel. What the target has no quick kernel for is
 * computed in float, with its weight as a Cast and a Mul that are worked out once.
 */
export const writeDynamic: Writer = (model, plan, numbers) => new DynamicWriter(model, plan, numbers).write();

/** Names of what comes between, which would take more than they say in those of the tensors around them. */
const SHORT: Readonly<Record<string, string>> = {
  ConvInteger: "sums",
  MatMulInteger: "sums",
  Cast: "float",
  Mul: "scaled",
};

/** The zero point of weights that are unsigned: ConvInteger takes no others, natively and in WASM. */
const MIDDLE = 128;

/** Two bytes a scale less make up for a Cast beyond so many. */
const FEW_SCALES = 32;

class DynamicWriter {
  readonly #draft: GraphDraft;
  readonly #plan: QuantizationPlan;
  readonly #numbers: Numbers;
  readonly #unrounded = new Map<string, string>();
  /** Codes, scale and zero point of a tensor, by its name. */
  readonly #activations = new Map<string, readonly [codes: string, scale: string, zeroPoint: string]>();
  readonly #constants = new Map<string, string>();

  constructor(model: ModelProto, plan: QuantizationPlan, numbers: Numbers) {
    this.#draft = new GraphDraft(model, plan);
    this.#plan = plan;
    this.#numbers = numbers;
  }

  write(): Emitted {
    for (const layer of this.#plan.layers) {
      const { id, node, weightUse: use, runTime } = layer;
      const weight = this.#numbers.weights.get(id);
      this.#unrounded.set(id, node.output[0] ?? "");
      if (!use || !weight) this.#draft.add(runTime === "integer" ? this.#reading(node) : node);
      else if (runTime === "integer") this.#multiply(layer, use, weight);
      else this.#draft.add(withFields(node, { input: node.input.with(use.input, this.#stored(use.name, weight)) }));
    }
    return { model: this.#draft.assemble(), unrounded: this.#unrounded, rounded: new Map() };
  }

  /** A layer in float that reads what it is multiplied with rounded: its activations alone are quantized. */
  #reading(node: NodeProto): NodeProto {
    const [read = ""] = node.input;
    const values = this.#constant(`${read} rounded`, () => {
      const made = this.#draft.fresh("rounded", "");
      this.#draft.add(makeNode("DequantizeLinear", this.#quantized(read), [made]));
      return made;
    });
    return withFields(node, { input: node.input.with(0, values) });
  }

  #multiply({ node }: LayerPlan, use: WeightUse, weight: EncodedWeight): void {
    const [read = "", , bias] = node.input;
    const output = node.output[0] ?? "";
    const [codes, scale, zeroPoint] = this.#quantized(read);
    const isConv = node.opType === "Conv";
    const rank = weight.dims.length;
    const spread = isConv ? new Array(rank - 2).fill(1) : [];
    const scales = this.#scales(use.name, weight, weight.axis === null ? [] : [weight.scales.length, ...spread]);
    const [w, zero] = isConv ? this.#unsigned(use.name, weight) : this.#signed(node, use.name, weight);
    const made = (
      operator: string,
      inputs: readonly string[],
      to?: string,
      attributes: NodeProto["attribute"] = [],
    ) => {
      const result = to ?? this.#draft.fresh(SHORT[operator] ?? operator, "");
      const name = operator.endsWith("Integer") ? node.name : "";
      this.#draft.add(makeNode(operator, inputs, [result], { name, attributes }));
      return result;
    };
    const [operator, attributes] = isConv ? ["ConvInteger", node.attribute] : ["MatMulInteger", []];
    const sums = made(operator, [codes, w, zeroPoint, zero], undefined, attributes);
    const both = made("Mul", [scale, scales]);
    const cast = made("Cast", [sums], undefined, [intAttribute("to", Code.FLOAT)]);
    const product = made("Mul", [cast, both], bias ? undefined : output);
    if (bias) made("Add", [product, isConv ? this.#bias(bias, spread) : bias], output);
  }

  /** Codes, scale and zero point of a tensor, found as the model runs: once for all that read it. */
  #quantized(tensor: string): readonly [codes: string, scale: string, zeroPoint: string] {
    const known = this.#activations.get(tensor);
    if (known) return known;
    const names = ["codes", "scale", "zero"].map((base) => this.#draft.fresh(base, ""));
    this.#draft.add(makeNode("DynamicQuantizeLinear", [tensor], names));
    const made = names as [string, string, string];
    this.#activations.set(tensor, made);
    return made;
  }

  #unsigned(name: string, { dims, codes, scales }: EncodedWeight): readonly [codes: string, zeroPoint: string] {
    const made = this.#constant(`${name} codes ${scales.join()}`, () =>
      this.#draft.addConstant(name, "_quantized", {
        type: "uint8",
        dims,
        data: Uint8Array.from(codes, (code) => code + MIDDLE),
      }),
    );
    const zero = this.#constant("zero", () =>
      this.#draft.addConstant("weight", "_zero_point", scalar("uint8", MIDDLE)),
    );
    return [made, zero];
  }

  #signed(node: NodeProto, name: string, { dims, codes, scales }: EncodedWeight): readonly [string, string] {
    const [rows = 1, columns = 1] = dims;
    const isTransposed = Boolean(intOf(node, "transB"));
    const made = this.#constant(`${name} ${isTransposed} ${scales.join()}`, () =>
      this.#draft.addConstant(name, "_quantized", {
        type: "int8",
        dims: isTransposed ? [columns, rows] : dims,
        data: isTransposed ? transposed(codes as Int8Array, rows, columns) : (codes as Int8Array),
      }),
    );
    const zero = this.#constant("signed zero", () =>
      this.#draft.addConstant("weight", "_zero_point", scalar("int8", 0)),
    );
    return [made, zero];
  }

  /** Scales of a weight in a shape: in float16 and a Cast, which is worked out once, where that is smaller. */
  #scales(name: string, { scales }: EncodedWeight, dims: readonly number[]): string {
    return this.#constant(`${name} scales ${dims.join()} ${scales.join()}`, () => {
      const halves = scales.length > FEW_SCALES ? halfBits(scales) : null;
      if (!halves) return this.#draft.addConstant(name, "_scale", { type: "float32", dims, data: scales });
      const stored = this.#draft.addConstant(name, "_scale", { type: "float16", dims, data: halves });
      const made = this.#draft.fresh("float", "");
      this.#draft.add(makeNode("Cast", [stored], [made], { attributes: [intAttribute("to", Code.FLOAT)] }));
      return made;
    });
  }

  /** A bias a channel, for values of so many axes more. */
  #bias(name: string, spread: readonly number[]): string {
    return this.#constant(`${name} bias ${spread.length}`, () => {
      const values = tensorOf(this.#plan.index.initializer(name)!);
      return this.#draft.addConstant(name, "_spread", { ...values, dims: [...values.dims, ...spread] });
    });
  }

  /** A weight's values out of its codes, as ONNX Runtime works out once when it loads the model. */
  #stored(name: string, weight: EncodedWeight): string {
    const { dims, axis, codes, scales } = weight;
    return this.#constant(`${name} values ${axis} ${scales.join()}`, () => {
      const along = axis === null ? [] : dims.map((size, at) => (at === axis ? size : 1));
      const w = this.#draft.addConstant(name, "_quantized", { type: "int8", dims, data: codes });
      const scale = this.#scales(name, weight, along);
      const [cast, value] = [this.#draft.fresh("float", ""), this.#draft.fresh("value", "")];
      this.#draft.add(makeNode("Cast", [w], [cast], { attributes: [intAttribute("to", Code.FLOAT)] }));
      this.#draft.add(makeNode("Mul", [cast, scale], [value]));
      return value;
    });
  }

  #constant(key: string, make: () => string): string {
    const known = this.#constants.get(key) ?? make();
    this.#constants.set(key, known);
    return known;
  }
}

function transposed(codes: Int8Array, rows: number, columns: number): Int8Array {
  return Int8Array.from(codes, (_, at) => codes[(at % rows) * columns + Math.floor(at / rows)] as number);
}
