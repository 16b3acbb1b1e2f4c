import type { Numbers } from "../encode/numbers.ts";
import type { Tensor } from "../model/tensor.ts";
import { makeNode } from "../onnx/attributes.ts";
import { withFields } from "../onnx/messages.ts";
import { opsetOf } from "../onnx/opset.ts";
import type { ModelProto } from "../onnx/proto/onnx_pb.ts";
import { dimsOf, type PackedTensor, scalar } from "../onnx/tensor.ts";
import { chainOf, type LayersByNode, layersByNode } from "../plan/chain.ts";
import type { LayerPlan, QuantizationPlan } from "../plan/plan.ts";
import { takesConstants } from "../plan/request.ts";
import { DequantizedInputs } from "./dequantizedInputs.ts";
import type { Emitted, Writer } from "./emitted.ts";
import { GraphDraft, type Stored, zeroPointTensor } from "./graphDraft.ts";
import { INTEGER_KERNELS, type IntegerKernel } from "./integerKernels.ts";
import { withoutMovedPairs } from "./unmovedPairs.ts";

/**
 * Operators on codes: QLinearConv, QLinearMatMul and those of ONNX Runtime's own, QuantizeLinear and DequantizeLinear only where
 * values become codes or float again. What only moves values moves codes. A layer that has no such operator is computed in float
 * between a DequantizeLinear and a QuantizeLinear, as in QDQ.
 */
export const writeQOperator: Writer = (model, plan, numbers) => new QOperatorWriter(model, plan, numbers).write();

class QOperatorWriter {
  readonly #draft: GraphDraft;
  readonly #plan: QuantizationPlan;
  readonly #numbers: Numbers;
  readonly #opset: number;
  readonly #inputs: DequantizedInputs;
  readonly #layers: LayersByNode;
  /** By tensor: what is made of it before it is rounded, its codes, and its rounded values, each by name. */
  readonly #unrounded = new Map<string, string>();
  readonly #codes = new Map<string, string>();
  readonly #values = new Map<string, string>();
  readonly #constants = new Map<string, Stored>();
  readonly #written = new Set<LayerPlan>();

  constructor(model: ModelProto, plan: QuantizationPlan, numbers: Numbers) {
    this.#draft = new GraphDraft(model, plan);
    this.#plan = plan;
    this.#numbers = numbers;
    this.#opset = opsetOf(model);
    this.#inputs = new DequantizedInputs(this.#draft, plan, numbers);
    this.#layers = layersByNode(plan);
  }

  write(): Emitted {
    for (const layer of this.#plan.layers) {
      if (this.#written.has(layer)) continue;
      if (layer.reason === null && (this.#move(layer) || this.#compute(layer))) continue;
      this.#writeInFloat(layer);
    }
    const model = withoutMovedPairs(this.#draft.assemble(), this.#plan);
    return { model, unrounded: new Map(), rounded: this.#values };
  }

  /** Writes what only moves values, on codes; whether that can be. */
  #move({ node, descriptor }: LayerPlan): boolean {
    const { groupOf, target } = this.#plan;
    const [read = "", ...settings] = node.input;
    const group = groupOf.get(read);
    if (descriptor?.kind !== "move" || group === undefined || target.movesInFloat.has(node.opType)) return false;
    const isMoved = (name: string, at: number) => groupOf.get(name) === group || (at > 0 && node.opType === "MaxPool");
    if (!node.output.every((name, at) => !name || isMoved(name, at))) return false;
    const input = [this.#codesOf(read), ...settings];
    const output = node.output.map((name) => (groupOf.has(name) ? this.#made(name) : name));
    this.#draft.add(withFields(node, { input, output }));
    for (const name of node.output) this.#show(name);
    return true;
  }

  /** Writes a layer and its followers as an operator on codes; whether there is one. */
  #compute(layer: LayerPlan): boolean {
    const { node } = layer;
    const kernelOf = layer.follower ? undefined : INTEGER_KERNELS.get(node.opType);
    if (!kernelOf || !this.#hasCodes(layer)) return false;
    const { layers, end } = chainOf(layer, this.#plan, this.#layers);
    const group = this.#plan.groupOf.get(end);
    const taken = layers.filter(({ follower }) => group !== undefined || follower?.kind !== "clamp");
    const { implied, clamps } = this.#numbers;
    if (taken.some(({ id, follower }) => follower?.kind === "clamp" && !implied.has(id) && !clamps.has(id)))
      return false;
    const use = layer.weightUse;
    const encoded = this.#numbers.weights.get(layer.id);
    const kernel = kernelOf({
      node,
      opset: this.#opset,
      activations: this.#numbers.activations.type,
      weight: use && encoded ? { input: use.input, encoded } : null,
      added: this.#addedBy(taken),
      result: group === undefined ? null : this.#inputs.parametersOf(group),
      codesOf: (input) => this.#operand(layer, input),
      zeroPoints: () => this.#draft.zeroPoints(use!.name, encoded!),
      bias: () => this.#bias(layer),
    });
    if (!kernel) return false;
    for (const each of taken) this.#written.add(each);
    const last = taken.at(-1)!.node.output[0] ?? "";
    this.#add(layer, kernel, taken, group === undefined ? null : end, last);
    return true;
  }

  #add(layer: LayerPlan, kernel: IntegerKernel, taken: readonly LayerPlan[], end: string | null, last: string): void {
    const { opType, inputs, domain, attributes } = kernel;
    const add = (output: string) =>
      this.#draft.add(
        makeNode(opType, inputs, [output], {
          name: layer.node.name,
          ...(domain && { domain }),
          ...(attributes && { attributes }),
        }),
      );
    if (end === null) {
      add(last);
      return;
    }
    const clamps = taken.flatMap(({ id }) => this.#numbers.clamps.get(id) ?? []);
    if (kernel.givesFloat) {
      const name = this.#draft.fresh(end, "_QuantizeLinear_Input");
      this.#unrounded.set(end, name);
      add(name);
      this.#codesOf(end);
    } else add(this.#made(end));
    if (clamps.length > 0) this.#clamp(end, clamps);
    this.#show(end);
  }

  /** Clamps the codes of a tensor. */
  #clamp(tensor: string, limits: readonly number[]): void {
    const { type } = this.#numbers.activations;
    const bounds = limits.map((limit, at) =>
      this.#draft.addConstant(tensor, at === 0 ? "_low" : "_high", zeroPointTensor(type, limit)),
    );
    const clamped = this.#draft.fresh(tensor, "_clamped");
    const name = this.#draft.fresh(tensor, "_Clip");
    this.#draft.add(makeNode("Clip", [this.#codesOf(tensor), ...bounds], [clamped], { name }));
    this.#codes.set(tensor, clamped);
  }

  /** Whether all that a layer computes with has codes. */
  #hasCodes(layer: LayerPlan): boolean {
    const { node, weightUse, descriptor } = layer;
    const isFirst = descriptor?.kind === "compute" && descriptor.operands === "first";
    const [from, to] = [node.opType === "Where" ? 1 : 0, descriptor?.kind === "weighted" ? 2 : isFirst ? 1 : undefined];
    const operands = node.input.slice(from, to).filter((name) => name !== weightUse?.name);
    const has = (name: string) =>
      this.#plan.groupOf.has(name) || (takesConstants(layer) && this.#numbers.constants.has(name));
    return operands.every(has);
  }

  /** The bias that an Add among the followers adds. */
  #addedBy(layers: readonly LayerPlan[]): string | null {
    const added = layers.find(({ follower }) => follower?.kind === "bias");
    return added?.node.input.find((name) => this.#plan.index.initializer(name)) ?? null;
  }

  #operand(layer: LayerPlan, input: number): Stored {
    const name = layer.node.input[input] ?? "";
    const encoded = this.#numbers.weights.get(layer.id);
    if (layer.weightUse?.input === input && encoded) return this.#draft.weightCodes(name, encoded);
    const group = this.#plan.groupOf.get(name);
    if (group === undefined) return this.#constant(name);
    return [this.#codesOf(name), ...this.#inputs.parametersOf(group)];
  }

  #constant(name: string): Stored {
    const known = this.#constants.get(name);
    if (known) return known;
    const { affine, codes } = this.#numbers.constants.get(name)!;
    const { type } = this.#numbers.activations;
    const dims = dimsOf(this.#plan.index.initializer(name)!);
    const data = { type, dims, data: codes } as Tensor | PackedTensor;
    const zeroPoint = zeroPointTensor(type, affine.zeroPoint);
    const stored = this.#draft.store(name, data, scalar("float32", affine.scale), zeroPoint);
    this.#constants.set(name, stored);
    return stored;
  }

  #bias({ id, node }: LayerPlan): string {
    const { codes } = this.#numbers.weights.get(id)!.bias!;
    return this.#draft.addConstant(node.input[2]!, "_quantized", { type: "int32", dims: [codes.length], data: codes });
  }

  /** Writes a layer as it is. */
  #writeInFloat(layer: LayerPlan): void {
    const { index, groupOf } = this.#plan;
    if (this.#numbers.implied.has(layer.id)) {
      const [read = "", made = ""] = [layer.node.input[0], layer.node.output[0]];
      this.#unrounded.set(made, read);
      this.#show(made);
      return;
    }
    const input = this.#inputs.of(layer, (name) => {
      const producer = index.producer(name);
      const isRounded = producer !== undefined && this.#layers.get(producer)?.reason === null;
      return layer.reason === null || isRounded ? this.#valuesOf(name) : name;
    });
    const output = layer.node.output.map((name) => {
      if (layer.reason !== null || !groupOf.has(name)) return name;
      const inner = this.#draft.fresh(name, "_QuantizeLinear_Input");
      this.#unrounded.set(name, inner);
      return inner;
    });
    this.#draft.add(withFields(layer.node, { input, output }));
    if (layer.reason === null) for (const name of layer.node.output) this.#show(name);
  }

  /** A name for the codes of a tensor that are made. */
  #made(tensor: string): string {
    const name = this.#draft.fresh(tensor, "_quantized");
    this.#codes.set(tensor, name);
    return name;
  }

  /** The codes of a quantized activation, which are made of its values where nothing gave them. */
  #codesOf(tensor: string): string {
    const known = this.#codes.get(tensor);
    if (known !== undefined) return known;
    const made = this.#made(tensor);
    this.#inputs.quantize(tensor, this.#unrounded.get(tensor) ?? tensor, made);
    return made;
  }

  /** The rounded values of a quantized activation. */
  #valuesOf(tensor: string, to?: string): string {
    const known = this.#values.get(tensor);
    if (known !== undefined) return known;
    const codes = this.#codesOf(tensor);
    const output = to ?? this.#draft.fresh(tensor, "_DequantizeLinear_Output");
    this.#draft.dequantize(tensor, codes, this.#parametersOf(tensor), output);
    this.#values.set(tensor, output);
    return output;
  }

  #parametersOf(tensor: string): readonly [scale: string, zeroPoint: string] {
    return this.#inputs.parametersOf(this.#plan.groupOf.get(tensor) ?? tensor);
  }

  /** Gives the rounded values of a tensor its name, where a caller or a subgraph reads it. */
  #show(tensor: string): void {
    const { index, groupOf } = this.#plan;
    const isSeen = index.isOutput(tensor) || index.uses(tensor).some(({ input }) => input === -1);
    if (isSeen && groupOf.has(tensor)) this.#valuesOf(tensor, tensor);
  }
}
