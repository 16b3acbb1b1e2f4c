import type { Notice } from "../model/job.ts";
import type { Affine, Range } from "../model/range.ts";
import type { Recipe } from "../model/recipe.ts";
import type { Tensor } from "../model/tensor.ts";
import { affineParameters } from "../numerics/affine.ts";
import { quantize } from "../numerics/quantize.ts";
import { intAttribute, makeNode } from "../onnx/attributes.ts";
import { withFields } from "../onnx/messages.ts";
import { freshName, stemOf, tensorNames } from "../onnx/names.ts";
import { INT4_OPSET, opsetOf, RUNTIME_DOMAIN } from "../onnx/opset.ts";
import type { ModelProto, NodeProto, TensorProto } from "../onnx/proto/onnx_pb.ts";
import { codesProto, type Int4Tensor, scalar, tensorOf, tensorProto } from "../onnx/tensor.ts";
import { codeLimits } from "../values/codes.ts";
import { roundHalfEven } from "../values/round.ts";
import { type FineBias, fineBias } from "./floatLayer.ts";
import type { LayerPlan, QuantizationPlan } from "./plan.ts";
import { type QuantizedWeight, quantizeWeight, type WeightChoices, weightChoices } from "./weights.ts";

export interface QuantizedModel {
  readonly model: ModelProto;
  /** Scale and zero point of each range group. */
  readonly affine: ReadonlyMap<string, Affine>;
  /** What each layer written makes first, before it is rounded, by the layer's id. */
  readonly unrounded: ReadonlyMap<string, string>;
  /** The tensor that holds the rounded values of each quantized activation. */
  readonly rounded: ReadonlyMap<string, string>;
  readonly notices: readonly Notice[];
}

/** The part of a recipe that decides how what a plan quantizes is written. */
export type WritingChoices = Pick<Recipe, "activations" | "weights" | "float" | "rounding">;

/**
 * Writes the quantized graph: QuantizeLinear and DequantizeLinear pairs (ONNX, opset 13) around every quantized
 * activation, integer weights and biases with a DequantizeLinear each. `ranges` holds a finite range for every group
 * of the plan; `weigh` quantizes a layer's weight. Weights in int4 take opset 21; below it their DequantizeLinear is
 * ONNX Runtime's own (com.microsoft). Names follow ONNX Runtime's tool: `x_scale`, `x_zero_point`, `x_QuantizeLinear_Output`;
 * where x is long, `stemOf` it stands in its place.
 * The same arguments give the same model, byte for byte.
 */
export function quantizeGraph(
  model: ModelProto,
  plan: QuantizationPlan,
  ranges: ReadonlyMap<string, Range>,
  recipe: WritingChoices,
  weigh: typeof quantizeWeight = quantizeWeight,
): QuantizedModel {
  return new QdqWriter(model, plan, ranges, recipe, weigh).write();
}

class QdqWriter {
  readonly #model: ModelProto;
  readonly #plan: QuantizationPlan;
  readonly #recipe: WritingChoices;
  readonly #weigh: typeof quantizeWeight;
  /** Names in use, of tensors and of nodes. */
  readonly #names: Set<string>;
  readonly #unrounded = new Map<string, string>();
  readonly #affine = new Map<string, Affine>();
  readonly #notices: Notice[] = [];
  readonly #nodes: NodeProto[] = [];
  readonly #initializers: TensorProto[] = [];
  /** Names of scale and zero point, by group. */
  readonly #parameters = new Map<string, readonly [scale: string, zeroPoint: string]>();
  /** Nodes that are quantized. */
  readonly #integer: ReadonlySet<NodeProto>;
  readonly #dequantized = new Map<string, string>();
  readonly #constants = new Map<string, string>();
  readonly #weights = new Map<string, string>();
  /** Dequantized biases of MatMuls, by what the Add makes that reads them. */
  readonly #addedLater = new Map<string, { readonly input: number; readonly name: string }>();

  constructor(
    model: ModelProto,
    plan: QuantizationPlan,
    ranges: ReadonlyMap<string, Range>,
    recipe: WritingChoices,
    weigh: typeof quantizeWeight,
  ) {
    this.#weigh = weigh;
    this.#model = model;
    this.#plan = plan;
    this.#recipe = recipe;
    this.#names = tensorNames(plan.index.graph);
    for (const { node } of plan.layers) this.#names.add(node.name);
    this.#integer = new Set(plan.layers.filter(({ reason }) => reason === null).map(({ node }) => node));
    for (const { id, fixed } of plan.groups) {
      const range = fixed ?? ranges.get(id);
      if (!range) throw new Error(`There is no range for ${id}.`);
      const { degenerate, ...affine } = affineParameters(range, recipe.activations);
      this.#affine.set(id, affine);
      if (degenerate) {
        this.#notices.push({
          kind: "warning",
          subject: id,
          message: `${id} was seen with no values but zero or next to it; its scale is ${affine.scale}.`,
        });
      }
    }
  }

  write(): QuantizedModel {
    const { index, layers } = this.#plan;
    const dropped = this.#droppedClamps();
    const successors = new Map([...dropped].map(([node, output]) => [node.input[0] ?? "", output]));
    for (const { name } of index.inputs) if (this.#plan.groupOf.has(name)) this.#quantizePair(name, name, null);
    for (const layer of layers) {
      if (dropped.has(layer.node)) continue;
      const produced = layer.node.output.map((name) => successors.get(name) ?? name);
      const unrounded = new Map<string, string>();
      const output = produced.map((name) => {
        if (layer.reason !== null || !this.#plan.groupOf.has(name) || !this.#isSeenByName(name)) return name;
        const inner = this.#fresh(name, "_QuantizeLinear_Input");
        unrounded.set(name, inner);
        return inner;
      });
      const input = this.#inputsOf(layer);
      this.#unrounded.set(layer.id, output[0] ?? "");
      this.#nodes.push(withFields(layer.node, { input, output }));
      for (const name of produced) {
        if (!this.#plan.groupOf.has(name)) continue;
        const inner = unrounded.get(name);
        this.#quantizePair(name, inner ?? name, inner ? name : null);
      }
    }
    return {
      model: this.#assemble(),
      affine: this.#affine,
      unrounded: this.#unrounded,
      rounded: this.#dequantized,
      notices: this.#notices,
    };
  }

  /** A new name for what belongs to a tensor. */
  #fresh(tensor: string, suffix: string): string {
    return freshName(this.#names, stemOf(tensor) + suffix);
  }

  /** Whether a caller or a subgraph reads a tensor by its name, which therefore has to hold the rounded values. */
  #isSeenByName(name: string): boolean {
    const { index } = this.#plan;
    return index.isOutput(name) || index.uses(name).some(({ input }) => input === -1);
  }

  /**
   * Clamps whose bounds quantize to the extreme codes, so that saturating does the same, with the tensor that takes their
   * place. ONNX Runtime fails to load some graphs where such a clamp stays.
   */
  #droppedClamps(): Map<NodeProto, string> {
    const dropped = new Map<NodeProto, string>();
    const [lowest, highest] = codeLimits(this.#recipe.activations.type);
    for (const layer of this.#plan.layers) {
      if (layer.follower?.kind !== "clamp") continue;
      const output = layer.node.output[0] ?? "";
      const affine = this.#affine.get(this.#plan.groupOf.get(output) ?? "");
      if (!affine) continue;
      const code = (bound: number) => roundHalfEven(bound / affine.scale) + affine.zeroPoint;
      if (code(layer.follower.low) <= lowest && code(layer.follower.high) >= highest) dropped.set(layer.node, output);
    }
    return dropped;
  }

  #inputsOf(layer: LayerPlan): string[] {
    const input = layer.node.input.map((name) => this.#read(layer, name));
    const added = this.#addedLater.get(layer.node.output[0] ?? "");
    if (added) input[added.input] = added.name;
    const use = layer.weightUse;
    if (!use) {
      const fine = fineBias(layer.node, this.#plan, (name) => this.#plan.groupOf.has(name));
      if (fine) input[2] = this.#fineBias(layer, fine);
      return input;
    }
    const activation = layer.node.input[1 - use.input] ?? "";
    const inputScale = this.#affine.get(this.#plan.groupOf.get(activation) ?? "")?.scale ?? null;
    const choices = weightChoices(this.#recipe, layer.id);
    const weight = this.#weigh(layer.node, use, this.#plan.index, choices, inputScale);
    this.#warnOfChannels(layer, weight);
    input[use.input] = this.#weight(use.name, weight, choices);
    const { bias } = use;
    if (!bias || !weight.bias) return input;
    const name = this.#bias(bias.name, weight);
    if (layer.node.output.includes(bias.output)) input[bias.input] = name;
    else this.#addedLater.set(bias.output, { input: bias.input, name });
    return input;
  }

  /** What a node reads in the place of a tensor: its dequantized form where the tensor or the node is 8-bit. */
  #read(layer: LayerPlan, name: string): string {
    const { index, groupOf } = this.#plan;
    if (groupOf.has(name)) {
      const producer = index.producer(name);
      const wanted = layer.reason === null || (producer !== undefined && this.#integer.has(producer));
      return wanted ? (this.#dequantized.get(name) ?? name) : name;
    }
    const constant = index.initializer(name);
    const operand =
      layer.descriptor?.kind === "compute" && layer.descriptor.operands === "all" && layer.follower === null;
    return operand && layer.reason === null && constant ? this.#constant(name, constant) : name;
  }

  /** Q and DQ of one activation: `from` is read, `to` is what the DQ writes, or a new name. */
  #quantizePair(tensor: string, from: string, to: string | null): void {
    const group = this.#plan.groupOf.get(tensor) ?? tensor;
    let parameters = this.#parameters.get(group);
    if (!parameters) {
      const { scale, zeroPoint } = this.#affine.get(group) as Affine;
      parameters = this.#addParameters(
        group,
        scalar("float32", scale),
        scalar(this.#recipe.activations.type, zeroPoint),
      );
      this.#parameters.set(group, parameters);
    }
    const codes = this.#fresh(tensor, "_QuantizeLinear_Output");
    const output = to ?? this.#fresh(tensor, "_DequantizeLinear_Output");
    this.#nodes.push(
      makeNode("QuantizeLinear", [from, ...parameters], [codes], {
        name: this.#fresh(tensor, "_QuantizeLinear"),
      }),
    );
    this.#dequantize(tensor, codes, parameters, output);
    this.#dequantized.set(tensor, output);
  }

  #dequantize(
    tensor: string,
    codes: string,
    parameters: readonly string[],
    output: string,
    { axis = null, domain = "" }: { readonly axis?: number | null; readonly domain?: string } = {},
  ): void {
    const name = this.#fresh(tensor, "_DequantizeLinear");
    const attributes = axis === null ? [] : [intAttribute("axis", axis)];
    this.#nodes.push(makeNode("DequantizeLinear", [codes, ...parameters], [output], { name, attributes, domain }));
  }

  #addParameters(owner: string, scale: Tensor, zeroPoint: Tensor | Int4Tensor): readonly [string, string] {
    const names = [this.#fresh(owner, "_scale"), this.#fresh(owner, "_zero_point")] as const;
    this.#initializers.push(tensorProto(names[0], scale), codesProto(names[1], zeroPoint));
    return names;
  }

  /** A constant operand of Add, Mul or Concat: per tensor, in the activations' type, from its least to its largest value. */
  #constant(name: string, proto: TensorProto): string {
    const known = this.#constants.get(name);
    if (known !== undefined) return known;
    const { data, dims, type } = tensorOf(proto);
    if (type !== "float32" || !(data as Float32Array).every(Number.isFinite)) return name;
    const values = data as Float32Array;
    let low = 0;
    let high = 0;
    for (const value of values) {
      low = Math.min(low, value);
      high = Math.max(high, value);
    }
    const { activations } = this.#recipe;
    const affine = affineParameters({ low, high }, activations);
    const codes = quantize(values, affine, activations.type as "uint8");
    const quantized = this.#fresh(name, "_quantized");
    this.#initializers.push(tensorProto(quantized, { type: activations.type, dims, data: codes }));
    const parameters = this.#addParameters(
      name,
      scalar("float32", affine.scale),
      scalar(activations.type, affine.zeroPoint),
    );
    const output = this.#fresh(name, "_DequantizeLinear_Output");
    this.#dequantize(name, quantized, parameters, output);
    this.#constants.set(name, output);
    return output;
  }

  #weight(name: string, weight: QuantizedWeight, { rounding }: WeightChoices): string {
    const { type, dims, axis, scales } = weight;
    const key = `${name} ${axis} ${scales.join()} ${rounding}`;
    const known = this.#weights.get(key);
    if (known !== undefined) return known;
    const quantized = this.#fresh(name, "_quantized");
    this.#initializers.push(codesProto(quantized, { type, dims, data: weight.codes }));
    const zeros = { type, dims: [], data: new Int8Array(scales.length) };
    const domain = type === "int4" && opsetOf(this.#model) < INT4_OPSET ? RUNTIME_DOMAIN : "";
    const output = this.#scaled(name, quantized, axis, scales, zeros, domain);
    this.#weights.set(key, output);
    return output;
  }

  #bias(name: string, weight: QuantizedWeight): string {
    const { codes, scales } = weight.bias as NonNullable<QuantizedWeight["bias"]>;
    const quantized = this.#fresh(name, "_quantized");
    this.#initializers.push(tensorProto(quantized, { type: "int32", dims: [codes.length], data: codes }));
    const zeros = new Int32Array(scales.length);
    return this.#scaled(name, quantized, weight.axis === null ? null : 0, scales, {
      type: "int32",
      dims: [],
      data: zeros,
    });
  }

  #fineBias(layer: LayerPlan, { scale, codes }: FineBias): string {
    const name = layer.node.input[2] || `${layer.node.output[0]}_bias`;
    const quantized = this.#fresh(name, "_quantized");
    this.#initializers.push(tensorProto(quantized, { type: "int32", dims: [codes.length], data: codes }));
    const zero: Tensor = { type: "int32", dims: [], data: new Int32Array(1) };
    return this.#scaled(name, quantized, null, Float32Array.of(scale), zero);
  }

  #scaled(
    name: string,
    codes: string,
    axis: number | null,
    scales: Float32Array,
    zeros: Tensor | Int4Tensor,
    domain = "",
  ): string {
    const dims = axis === null ? [] : [scales.length];
    const parameters = this.#addParameters(name, { type: "float32", dims, data: scales }, { ...zeros, dims });
    const output = this.#fresh(name, "_DequantizeLinear_Output");
    this.#dequantize(name, codes, parameters, output, { axis, domain });
    return output;
  }

  #warnOfChannels(layer: LayerPlan, weight: QuantizedWeight): void {
    if (weight.dead.length > 0) {
      const which = weight.axis === null ? "is" : `has ${weight.dead.length} channels that are`;
      this.#notices.push({
        kind: "warning",
        subject: layer.id,
        message: `The weight of ${layer.id} ${which} all zero or next to it.`,
      });
    }
    const raised = weight.bias?.raised.length ?? 0;
    if (raised > 0) {
      this.#notices.push({
        kind: "info",
        subject: layer.id,
        message: `${raised} weight scales of ${layer.id} were raised so that its bias fits 32 bits.`,
      });
    }
  }

  #assemble(): ModelProto {
    const graph = this.#plan.index.graph;
    const read = new Set(this.#nodes.flatMap((node) => node.input));
    for (const { name } of graph.output) read.add(name);
    const index = this.#plan.index;
    const kept = graph.initializer.filter(
      ({ name }) => read.has(name) || index.uses(name).some(({ input }) => input === -1),
    );
    const alive = new Set([...read, ...this.#nodes.flatMap((node) => node.output)]);
    return withFields(this.#model, {
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
