import type { Numbers } from "../encode/numbers.ts";
import type { EncodedWeight } from "../encode/weight.ts";
import { type Affine, schemeOf } from "../model/range.ts";
import type { Tensor } from "../model/tensor.ts";
import { makeNode } from "../onnx/attributes.ts";
import { dimsOf, type PackedTensor, scalar } from "../onnx/tensor.ts";
import type { LayerPlan, QuantizationPlan } from "../plan/plan.ts";
import { takesConstants } from "../plan/request.ts";
import { roundedEarly } from "../plan/roundedEarly.ts";
import { wideGroups } from "../plan/widths.ts";
import type { ActivationType } from "../values/codes.ts";
import { type GraphDraft, zeroPointTensor } from "./graphDraft.ts";

/** What layers read where they compute in float on rounded values: constants, weights and biases out of a DequantizeLinear each. */
export class DequantizedInputs {
  readonly #draft: GraphDraft;
  readonly #plan: QuantizationPlan;
  readonly #numbers: Numbers;
  /** By name, for each width. */
  readonly #constants = { all: new Map<string, string>(), wide: new Map<string, string>() };
  /** Names of scale and zero point, by group: as it is made, and converted. */
  readonly #parameters = new Map<string, readonly [scale: string, zeroPoint: string]>();
  readonly #converted = new Map<string, readonly [scale: string, zeroPoint: string]>();
  readonly #wide: ReadonlySet<string>;
  /** Dequantized biases of layers, by what the Add after them makes, which reads them. */
  readonly #addedLater = new Map<string, { readonly input: number; readonly name: string }>();

  readonly #early: ReadonlySet<string>;

  constructor(draft: GraphDraft, plan: QuantizationPlan, numbers: Numbers) {
    this.#draft = draft;
    this.#plan = plan;
    this.#numbers = numbers;
    this.#early = roundedEarly(plan);
    this.#wide = wideGroups(plan.groups);
  }

  /**
   * Whether what is rounded is kept apart from the layers around it: ONNX Runtime 1.30 makes operators on codes of pairs in float8 too, which
   * take none of it, and then does not load the model.
   */
  get isApart(): boolean {
    return this.#numbers.activations.type === "float8" && this.#plan.target.isHere;
  }

  /** Whether a tensor is made in 16 bits where others are in 8. */
  isMadeWide(tensor: string): boolean {
    return this.#wide.has(this.#plan.groupOf.get(tensor) ?? tensor);
  }

  /** Makes codes values again, of a tensor as it is made or converted. */
  dequantize(tensor: string, codes: string, output: string, isConverted = false): void {
    const group = this.#plan.groupOf.get(tensor) ?? tensor;
    const parameters = this.parametersOf(group, isConverted);
    const domain = this.#draft.domainOf(this.#typeOf(group, isConverted));
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
      return takesConstants(layer) ? this.#constant(name, layer.wide === true) : name;
    });
    const added = this.#addedLater.get(node.output[0] ?? "");
    if (added) input[added.input] = added.name;
    const fine = this.#numbers.fineBiases.get(id);
    if (fine && this.#plan.target.biases !== "int32") input[0] = this.#apart(input[0]!);
    else if (fine) {
      const name = use?.bias?.name ?? (node.input[2] || `${node.output[0]}_bias`);
      const codes = { type: "int32", dims: [fine.codes.length], data: fine.codes } as const;
      const axis = fine.scales.length === 1 ? null : 0;
      const made = this.#draft.symmetricConstant(name, codes, fine.scales, { axis });
      if (use?.bias && !node.output.includes(use.bias.output)) {
        this.#addedLater.set(use.bias.output, { input: use.bias.input, name: made });
      } else input[2] = made;
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
  quantize(tensor: string, from: string, codes: string, isConverted = false): void {
    const group = this.#plan.groupOf.get(tensor) ?? tensor;
    const parameters = this.parametersOf(group, isConverted);
    const name = this.#draft.fresh(tensor, "_QuantizeLinear");
    const domain = this.#draft.domainOf(this.#typeOf(group, isConverted));
    const isEarly = (this.#early.has(tensor) && !isConverted) || this.isApart;
    const rounded = isEarly ? this.#draft.fresh(tensor, "_Sum_Output") : from;
    if (isEarly) this.#draft.add(makeNode("Sum", [from], [rounded], { name: this.#draft.fresh(tensor, "_Sum") }));
    this.#draft.add(makeNode("QuantizeLinear", [rounded, ...parameters], [codes], { name, domain }));
  }

  /** Scale and zero point of a group, by name. */
  parametersOf(group: string, isConverted = false): readonly [scale: string, zeroPoint: string] {
    const all = isConverted ? this.#converted : this.#parameters;
    const known = all.get(group);
    if (known) return known;
    const { affine, converted } = this.#numbers;
    const { scale, zeroPoint } = (isConverted ? converted : affine).get(group) as Affine;
    const type = this.#typeOf(group, isConverted);
    const names = this.#draft.addParameters(group, scalar("float32", scale), zeroPointTensor(type, zeroPoint));
    all.set(group, names);
    return names;
  }

  /** What the codes of a group are, as it is made or converted. */
  #typeOf(group: string, isConverted: boolean): ActivationType {
    const { activations } = this.#numbers;
    return schemeOf({ wide: this.#wide.has(group) !== isConverted }, activations).type;
  }

  /** A tensor by way of a Sum of it alone, which gives it as it is and keeps the pair before it away from what reads it. */
  #apart(name: string): string {
    const made = this.#draft.fresh(name, "_Sum");
    this.#draft.add(makeNode("Sum", [name], [made], { name: made }));
    return made;
  }

  #bias(name: string, axis: number | null, { type, codes, scales }: NonNullable<EncodedWeight["bias"]>): string {
    const dims = [codes.length];
    const tensor: Tensor = type === "int8" ? { type, dims, data: Int8Array.from(codes) } : { type, dims, data: codes };
    return this.#draft.symmetricConstant(name, tensor, scales, { axis: axis === null || type === "int8" ? null : 0 });
  }

  /** What a layer reads in the place of a constant operand. */
  #constant(name: string, isWide: boolean): string {
    const written = isWide ? this.#constants.wide : this.#constants.all;
    const known = written.get(name);
    if (known !== undefined) return known;
    const { activations, constants, wideConstants } = this.#numbers;
    const encoded = (isWide ? wideConstants : constants).get(name);
    const proto = this.#plan.index.initializer(name);
    if (!encoded || !proto) return name;
    const { type } = schemeOf({ wide: isWide }, activations);
    const { scale, zeroPoint } = encoded.affine;
    const codes = { type, dims: dimsOf(proto), data: encoded.codes } as Tensor | PackedTensor;
    const output = this.#draft.constant(name, codes, scalar("float32", scale), zeroPointTensor(type, zeroPoint), {
      domain: this.#draft.domainOf(type),
    });
    written.set(name, output);
    return output;
  }
}
