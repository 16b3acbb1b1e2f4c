import type { Numbers } from "../encode/numbers.ts";
import type { EncodedWeight } from "../encode/weight.ts";
import type { Affine } from "../model/range.ts";
import type { Tensor } from "../model/tensor.ts";
import { makeNode } from "../onnx/attributes.ts";
import { dimsOf, type PackedTensor, scalar } from "../onnx/tensor.ts";
import type { LayerPlan, QuantizationPlan } from "../plan/plan.ts";
import { takesConstants } from "../plan/request.ts";
import { roundedEarly } from "../plan/roundedEarly.ts";
import { type GraphDraft, zeroPointTensor } from "./graphDraft.ts";

/** What layers read where they compute in float on rounded values: constants, weights and biases out of a DequantizeLinear each. */
export class DequantizedInputs {
  readonly #draft: GraphDraft;
  readonly #plan: QuantizationPlan;
  readonly #numbers: Numbers;
  readonly #constants = new Map<string, string>();
  /** Names of scale and zero point, by group. */
  readonly #parameters = new Map<string, readonly [scale: string, zeroPoint: string]>();
  /** Dequantized biases of layers, by what the Add after them makes, which reads them. */
  readonly #addedLater = new Map<string, { readonly input: number; readonly name: string }>();

  readonly #early: ReadonlySet<string>;

  constructor(draft: GraphDraft, plan: QuantizationPlan, numbers: Numbers) {
    this.#draft = draft;
    this.#plan = plan;
    this.#numbers = numbers;
    this.#early = roundedEarly(plan);
  }

  /**
   * Whether what is rounded is kept apart from the layers around it: ONNX Runtime 1.30 makes operators on codes of pairs in float8 too, which
   * take none of it, and then does not load the model.
   */
  get isApart(): boolean {
    return this.#numbers.activations.type === "float8" && this.#plan.target.isHere;
  }

  /** Makes codes values again. */
  dequantize(tensor: string, codes: string, output: string): void {
    const parameters = this.parametersOf(this.#plan.groupOf.get(tensor) ?? tensor);
    const domain = this.#draft.domainOf(this.#numbers.activations.type);
    const made = this.isApart ? this.#draft.fresh(tensor, "_DequantizeLinear_Sum_Input") : output;
    this.#draft.dequantize(tensor, codes, parameters, made, { domain });
    if (made !== output) {
      this.#draft.add(makeNode("Sum", [made], [output], { name: this.#draft.fresh(tensor, "_DequantizeLinear_Sum") }));
    }
  }

  /** The inputs of a layer; `activation` gives what it reads in the place of a quantized activation. */
  of(layer: LayerPlan, activation: (tensor: string) => string): string[] {
    const { id, node, weightUse: use } = layer;
    const input = node.input.map((name) => {
      if (this.#plan.groupOf.has(name)) return activation(name);
      return takesConstants(layer) ? this.#constant(name) : name;
    });
    const added = this.#addedLater.get(node.output[0] ?? "");
    if (added) input[added.input] = added.name;
    const fine = this.#numbers.fineBiases.get(id);
    if (fine) {
      const name = node.input[2] || `${node.output[0]}_bias`;
      const codes = { type: "int32", dims: [fine.codes.length], data: fine.codes } as const;
      input[2] = this.#draft.symmetricConstant(name, codes, Float32Array.of(fine.scale));
    }
    const weight = this.#numbers.weights.get(id);
    if (!use || !weight) return input;
    const isUnsigned = this.#plan.target.unsignedWeights.has(node.opType);
    input[use.input] = this.#draft.weight(use.name, weight, isUnsigned);
    if (!use.bias || !weight.bias) return input;
    const name = this.#bias(use.bias.name, weight.axis, weight.bias);
    if (node.output.includes(use.bias.output)) input[use.bias.input] = name;
    else this.#addedLater.set(use.bias.output, { input: use.bias.input, name });
    return input;
  }

  /**
   * Rounds what a tensor is made of to codes. A Sum of one tensor gives it as it is, and lets no QuantizeLinear through that is
   * rounded early elsewhere, or that is of float8 (`isApart`).
   */
  quantize(tensor: string, from: string, codes: string): void {
    const parameters = this.parametersOf(this.#plan.groupOf.get(tensor) ?? tensor);
    const name = this.#draft.fresh(tensor, "_QuantizeLinear");
    const domain = this.#draft.domainOf(this.#numbers.activations.type);
    const isEarly = this.#early.has(tensor) || this.isApart;
    const rounded = isEarly ? this.#draft.fresh(tensor, "_Sum_Output") : from;
    if (isEarly) this.#draft.add(makeNode("Sum", [from], [rounded], { name: this.#draft.fresh(tensor, "_Sum") }));
    this.#draft.add(makeNode("QuantizeLinear", [rounded, ...parameters], [codes], { name, domain }));
  }

  /** Scale and zero point of a group, by name. */
  parametersOf(group: string): readonly [scale: string, zeroPoint: string] {
    const known = this.#parameters.get(group);
    if (known) return known;
    const { scale, zeroPoint } = this.#numbers.affine.get(group) as Affine;
    const { type } = this.#numbers.activations;
    const names = this.#draft.addParameters(group, scalar("float32", scale), zeroPointTensor(type, zeroPoint));
    this.#parameters.set(group, names);
    return names;
  }

  #bias(name: string, axis: number | null, { type, codes, scales }: NonNullable<EncodedWeight["bias"]>): string {
    const dims = [codes.length];
    const tensor: Tensor = type === "int8" ? { type, dims, data: Int8Array.from(codes) } : { type, dims, data: codes };
    return this.#draft.symmetricConstant(name, tensor, scales, { axis: axis === null || type === "int8" ? null : 0 });
  }

  /** What a layer reads in the place of a constant operand. */
  #constant(name: string): string {
    const known = this.#constants.get(name);
    if (known !== undefined) return known;
    const encoded = this.#numbers.constants.get(name);
    const proto = this.#plan.index.initializer(name);
    if (!encoded || !proto) return name;
    const { type } = this.#numbers.activations;
    const { scale, zeroPoint } = encoded.affine;
    const codes = { type, dims: dimsOf(proto), data: encoded.codes } as Tensor | PackedTensor;
    const output = this.#draft.constant(name, codes, scalar("float32", scale), zeroPointTensor(type, zeroPoint), {
      domain: this.#draft.domainOf(type),
    });
    this.#constants.set(name, output);
    return output;
  }
}
