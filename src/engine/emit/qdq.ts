import type { Numbers } from "../encode/numbers.ts";
import type { EncodedWeight } from "../encode/weight.ts";
import type { Affine } from "../model/range.ts";
import { makeNode } from "../onnx/attributes.ts";
import { withFields } from "../onnx/messages.ts";
import type { ModelProto, NodeProto } from "../onnx/proto/onnx_pb.ts";
import { dimsOf, scalar } from "../onnx/tensor.ts";
import type { LayerPlan, QuantizationPlan } from "../plan/plan.ts";
import { takesConstants } from "../plan/request.ts";
import { roundedEarly } from "../plan/roundedEarly.ts";
import type { Emitted, Writer } from "./emitted.ts";
import { GraphDraft } from "./graphDraft.ts";

/**
 * Static QDQ: QuantizeLinear and DequantizeLinear pairs (ONNX, opset 13) around every quantized activation, integer weights
 * and biases with a DequantizeLinear each. Weights in int4 take opset 21; below it their DequantizeLinear is the target's own.
 */
export const writeQdq: Writer = (model, plan, numbers) => new QdqWriter(model, plan, numbers).write();

class QdqWriter {
  readonly #draft: GraphDraft;
  readonly #plan: QuantizationPlan;
  readonly #numbers: Numbers;
  /** Nodes that are quantized. */
  readonly #integer: ReadonlySet<NodeProto>;
  readonly #early: ReadonlySet<string>;
  readonly #unrounded = new Map<string, string>();
  readonly #dequantized = new Map<string, string>();
  readonly #constants = new Map<string, string>();
  /** Names of scale and zero point, by group. */
  readonly #parameters = new Map<string, readonly [scale: string, zeroPoint: string]>();
  /** Dequantized biases of layers, by what the Add after them makes, which reads them. */
  readonly #addedLater = new Map<string, { readonly input: number; readonly name: string }>();

  constructor(model: ModelProto, plan: QuantizationPlan, numbers: Numbers) {
    this.#draft = new GraphDraft(model, plan);
    this.#plan = plan;
    this.#numbers = numbers;
    this.#integer = new Set(plan.layers.filter(({ reason }) => reason === null).map(({ node }) => node));
    this.#early = roundedEarly(plan);
  }

  write(): Emitted {
    const { index, layers, groupOf } = this.#plan;
    const dropped = layers.filter(({ id }) => this.#numbers.implied.has(id));
    const successors = new Map(dropped.map(({ node }) => [node.input[0] ?? "", node.output[0] ?? ""]));
    for (const { name } of index.inputs) if (groupOf.has(name)) this.#quantizePair(name, name, null);
    for (const layer of layers) {
      if (this.#numbers.implied.has(layer.id)) continue;
      const produced = layer.node.output.map((name) => successors.get(name) ?? name);
      const unrounded = new Map<string, string>();
      const output = produced.map((name) => {
        if (layer.reason !== null || !groupOf.has(name) || !this.#isSeenByName(name)) return name;
        const inner = this.#draft.fresh(name, "_QuantizeLinear_Input");
        unrounded.set(name, inner);
        return inner;
      });
      const input = this.#inputsOf(layer);
      this.#unrounded.set(layer.id, output[0] ?? "");
      this.#draft.add(withFields(layer.node, { input, output }));
      for (const name of produced) {
        if (!groupOf.has(name)) continue;
        const inner = unrounded.get(name);
        this.#quantizePair(name, inner ?? name, inner ? name : null);
      }
    }
    return { model: this.#draft.assemble(), unrounded: this.#unrounded, rounded: this.#dequantized };
  }

  /** Whether a caller or a subgraph reads a tensor by its name, which therefore has to hold the rounded values. */
  #isSeenByName(name: string): boolean {
    const { index } = this.#plan;
    return index.isOutput(name) || index.uses(name).some(({ input }) => input === -1);
  }

  #inputsOf(layer: LayerPlan): string[] {
    const { id, node, weightUse: use } = layer;
    const input = node.input.map((name) => this.#read(layer, name));
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
    input[use.input] = this.#draft.weight(use.name, weight);
    if (!use.bias || !weight.bias) return input;
    const name = this.#bias(use.bias.name, weight.axis, weight.bias);
    if (node.output.includes(use.bias.output)) input[use.bias.input] = name;
    else this.#addedLater.set(use.bias.output, { input: use.bias.input, name });
    return input;
  }

  #bias(name: string, axis: number | null, { codes, scales }: NonNullable<EncodedWeight["bias"]>): string {
    const tensor = { type: "int32", dims: [codes.length], data: codes } as const;
    return this.#draft.symmetricConstant(name, tensor, scales, { axis: axis === null ? null : 0 });
  }

  /** What a node reads in the place of a tensor: its dequantized form where the tensor or the node is 8-bit. */
  #read(layer: LayerPlan, name: string): string {
    const { index, groupOf } = this.#plan;
    if (groupOf.has(name)) {
      const producer = index.producer(name);
      const wanted = layer.reason === null || (producer !== undefined && this.#integer.has(producer));
      return wanted ? (this.#dequantized.get(name) ?? name) : name;
    }
    return takesConstants(layer) ? this.#constant(name) : name;
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
    const codes = { type, dims: dimsOf(proto), data: encoded.codes };
    const output = this.#draft.constant(name, codes, scalar("float32", scale), scalar(type, zeroPoint));
    this.#constants.set(name, output);
    return output;
  }

  /**
   * Q and DQ of one activation: `from` is read, `to` is what the DQ writes, or a new name. A Sum of one tensor gives it as it is,
   * and lets no Q through.
   */
  #quantizePair(tensor: string, from: string, to: string | null): void {
    const parameters = this.#parametersOf(this.#plan.groupOf.get(tensor) ?? tensor);
    const codes = this.#draft.fresh(tensor, "_QuantizeLinear_Output");
    const output = to ?? this.#draft.fresh(tensor, "_DequantizeLinear_Output");
    const name = this.#draft.fresh(tensor, "_QuantizeLinear");
    const isEarly = this.#early.has(tensor);
    const rounded = isEarly ? this.#draft.fresh(tensor, "_Sum_Output") : from;
    if (isEarly) this.#draft.add(makeNode("Sum", [from], [rounded], { name: this.#draft.fresh(tensor, "_Sum") }));
    this.#draft.add(makeNode("QuantizeLinear", [rounded, ...parameters], [codes], { name }));
    this.#draft.dequantize(tensor, codes, parameters, output);
    this.#dequantized.set(tensor, output);
  }

  #parametersOf(group: string): readonly [scale: string, zeroPoint: string] {
    const known = this.#parameters.get(group);
    if (known) return known;
    const { scale, zeroPoint } = this.#numbers.affine.get(group) as Affine;
    const { type } = this.#numbers.activations;
    const names = this.#draft.addParameters(group, scalar("float32", scale), scalar(type, zeroPoint));
    this.#parameters.set(group, names);
    return names;
  }
}
