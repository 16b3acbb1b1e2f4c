import type { Numbers } from "../encode/numbers.ts";
import { withFields } from "../onnx/messages.ts";
import type { ModelProto, NodeProto } from "../onnx/proto/onnx_pb.ts";
import { isRoundedBefore, layersByNode } from "../plan/chain.ts";
import { readByFollower } from "../plan/followers.ts";
import type { LayerPlan, QuantizationPlan } from "../plan/plan.ts";
import { DequantizedInputs } from "./dequantizedInputs.ts";
import type { Emitted, Writer } from "./emitted.ts";
import { GraphDraft } from "./graphDraft.ts";
import { withoutMovedPairs } from "./unmovedPairs.ts";

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
  readonly #unrounded = new Map<string, string>();
  readonly #dequantized = new Map<string, string>();
  /** Tensors made in 16 bits in the 8 of layers that read them so, and the other way about. */
  readonly #converted = new Map<string, string>();
  readonly #inputs: DequantizedInputs;
  /** The clamps of what is rounded before them, and the rounded values, by what they read. */
  readonly #clamped: ReadonlyMap<string, LayerPlan>;
  readonly #early = new Map<string, string>();

  constructor(model: ModelProto, plan: QuantizationPlan, numbers: Numbers) {
    this.#draft = new GraphDraft(model, plan);
    this.#plan = plan;
    this.#numbers = numbers;
    this.#inputs = new DequantizedInputs(this.#draft, plan, numbers);
    const byNode = layersByNode(plan);
    const clamps = plan.layers.filter((layer) => numbers.clamps.has(layer.id) && isRoundedBefore(layer, plan, byNode));
    this.#clamped = new Map(clamps.map((layer) => [readByFollower(layer, plan.index), layer]));
    this.#integer = new Set(plan.layers.filter(({ reason }) => reason === null).map(({ node }) => node));
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
      const read = this.#inputs.of(layer, (name) => this.#read(layer, name));
      const input = read.map((name) => this.#early.get(name) ?? name);
      this.#unrounded.set(layer.id, output[0] ?? "");
      this.#draft.add(withFields(layer.node, { input, output }));
      for (const name of produced) {
        const clamp = this.#clamped.get(name)?.node.output[0];
        if (clamp !== undefined) this.#early.set(name, this.#pair(clamp, name, null));
        if (!groupOf.has(name)) continue;
        const inner = unrounded.get(name);
        this.#quantizePair(name, inner ?? name, inner ? name : null);
      }
    }
    const model = withoutMovedPairs(this.#draft.assemble(), this.#plan);
    return { model, unrounded: this.#unrounded, rounded: this.#dequantized };
  }

  /** Whether a caller or a subgraph reads a tensor by its name, which therefore has to hold the rounded values. */
  #isSeenByName(name: string): boolean {
    const { index } = this.#plan;
    return index.isOutput(name) || index.uses(name).some(({ input }) => input === -1);
  }

  /**
   * What a node reads in the place of a quantized activation: its dequantized form where the maker or the reader is integer, in as
   * many bits as the reader computes in.
   */
  #read(layer: LayerPlan, name: string): string {
    const producer = this.#plan.index.producer(name);
    const wanted = layer.reason === null || (producer !== undefined && this.#integer.has(producer));
    const made = wanted ? this.#dequantized.get(name) : undefined;
    if (made === undefined) return name;
    const isAsMade = layer.reason !== null || layer.descriptor?.kind === "move";
    if (isAsMade || this.#inputs.isMadeWide(name) === (layer.wide === true)) return made;
    const known = this.#converted.get(name) ?? this.#pair(name, made, null, true);
    this.#converted.set(name, known);
    return known;
  }

  /** Q and DQ of one activation: `from` is read, `to` is what the DQ writes, or a new name. */
  #quantizePair(tensor: string, from: string, to: string | null): void {
    this.#dequantized.set(tensor, this.#pair(tensor, from, to));
  }

  #pair(tensor: string, from: string, to: string | null, isConverted = false): string {
    const codes = this.#draft.fresh(tensor, "_QuantizeLinear_Output");
    const output = to ?? this.#draft.fresh(tensor, "_DequantizeLinear_Output");
    this.#inputs.quantize(tensor, from, codes, isConverted);
    this.#inputs.dequantize(tensor, codes, output, isConverted);
    return output;
  }
}
