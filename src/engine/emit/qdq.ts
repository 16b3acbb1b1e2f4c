import type { Numbers } from "../encode/numbers.ts";
import { withFields } from "../onnx/messages.ts";
import type { ModelProto, NodeProto } from "../onnx/proto/onnx_pb.ts";
import type { LayerPlan, QuantizationPlan } from "../plan/plan.ts";
import { DequantizedInputs } from "./dequantizedInputs.ts";
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
  readonly #unrounded = new Map<string, string>();
  readonly #dequantized = new Map<string, string>();
  readonly #inputs: DequantizedInputs;

  constructor(model: ModelProto, plan: QuantizationPlan, numbers: Numbers) {
    this.#draft = new GraphDraft(model, plan);
    this.#plan = plan;
    this.#numbers = numbers;
    this.#inputs = new DequantizedInputs(this.#draft, plan, numbers);
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
      const input = this.#inputs.of(layer, (name) => this.#read(layer, name));
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

  /** What a node reads in the place of a quantized activation: its dequantized form where the maker or the reader is 8-bit. */
  #read({ reason }: LayerPlan, name: string): string {
    const producer = this.#plan.index.producer(name);
    const wanted = reason === null || (producer !== undefined && this.#integer.has(producer));
    return wanted ? (this.#dequantized.get(name) ?? name) : name;
  }

  /** Q and DQ of one activation: `from` is read, `to` is what the DQ writes, or a new name. */
  #quantizePair(tensor: string, from: string, to: string | null): void {
    const codes = this.#draft.fresh(tensor, "_QuantizeLinear_Output");
    const output = to ?? this.#draft.fresh(tensor, "_DequantizeLinear_Output");
    this.#inputs.quantize(tensor, from, codes);
    this.#inputs.dequantize(tensor, codes, output);
    this.#dequantized.set(tensor, output);
  }
}
