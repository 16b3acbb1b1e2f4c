import type { Notice } from "../model/job.ts";
import { makeNode } from "../onnx/attributes.ts";
import { GraphIndex } from "../onnx/graph.ts";
import { freshName, renameTensors, tensorNames } from "../onnx/names.ts";
import { isDefaultDomain } from "../onnx/opset.ts";
import type { ModelProto, NodeProto, TensorProto } from "../onnx/proto/onnx_pb.ts";
import { scalar, tensorOf, tensorProto } from "../onnx/tensor.ts";
import { operatorOf } from "../operators/index.ts";
import { gridOf, isDequantizer, isQuantizer, layersInIntegers } from "../operators/quantizing.ts";
import { plural } from "../values/figures.ts";
import { dequantized } from "./dequantized.ts";
import { type Change, graphOf, type PassResult, withGraph } from "./pass.ts";

export interface FoldedQuantized extends PassResult {
  readonly notices: readonly Notice[];
}

/**
 * Makes the float model again of what is quantized in a model: constants behind a DequantizeLinear become float32, and pairs of
 * QuantizeLinear and DequantizeLinear go. Where a pair's range begins at 0 it may stand for a Relu or a Clip that was left out,
 * so a Clip to it stays behind what can be negative. Unless `everything` is folded, layers that are whole in integers keep what is around them.
 */
export function foldQuantized(model: ModelProto, everything: boolean): FoldedQuantized {
  const graph = graphOf(model);
  if (!graph.node.some((node) => isQuantizer(node) || isDequantizer(node))) return { model, changes: [], notices: [] };
  const folder = new Folder(new GraphIndex(graph), everything);
  return folder.fold(model);
}

class Folder {
  readonly #index: GraphIndex;
  readonly #kept: ReadonlySet<NodeProto>;
  readonly #names: Set<string>;
  readonly #renames = new Map<string, string>();
  /** What layers that are not kept read in place of a constant that a kept one reads too. */
  readonly #beside = new Map<string, string>();
  readonly #added: TensorProto[] = [];
  readonly #gone = new Set<NodeProto>();
  /** Nodes in the place of others. */
  readonly #instead = new Map<NodeProto, NodeProto>();
  /** Tensors that no longer hold integers. */
  readonly #changed = new Set<string>();
  #weights = 0;
  #pairs = 0;

  constructor(index: GraphIndex, everything: boolean) {
    this.#index = index;
    this.#kept = everything ? new Set() : layersInIntegers(index);
    this.#names = tensorNames(index.graph);
  }

  fold(model: ModelProto): FoldedQuantized {
    const { graph } = this.#index;
    for (const node of graph.node) {
      if (isDequantizer(node)) this.#constant(node);
      else if (isQuantizer(node)) this.#pair(node);
    }
    if (this.#weights + this.#pairs === 0 && this.#kept.size === 0) return { model, changes: [], notices: [] };
    const node = graph.node.flatMap((each) => {
      if (this.#gone.has(each)) return [];
      const now = this.#instead.get(each) ?? each;
      const readsBeside = !this.#kept.has(each) && !this.#beside.has(each.output[0] ?? "");
      return [renameTensors(readsBeside ? renameTensors(now, this.#beside) : now, this.#renames)];
    });
    const isStale = (name: string) => this.#changed.has(name) || this.#renames.has(name);
    return {
      model: withGraph(model, {
        node,
        initializer: [...graph.initializer, ...this.#added],
        valueInfo: graph.valueInfo.filter(({ name }) => !isStale(name)),
      }),
      changes: this.#changes(),
      notices: this.#notices(),
    };
  }

  #constant(node: NodeProto): void {
    const name = node.output[0] ?? "";
    const readers = this.#index.consumers(name);
    const isKept = readers.some((reader) => this.#kept.has(reader));
    const isRead = this.#index.isOutput(name) || readers.some((reader) => !this.#kept.has(reader));
    if (!isRead || this.#index.isOutput(name)) return;
    const own = isKept ? freshName(this.#names, `${name}.float32`) : name;
    const tensor = dequantized(node, this.#index, own);
    if (!tensor) return;
    this.#added.push(tensor);
    this.#weights++;
    if (isKept) this.#beside.set(name, own);
    else this.#gone.add(node);
  }

  /** Takes a QuantizeLinear out with every DequantizeLinear that its integers end in, by way of what only moves them. */
  #pair(quantizer: NodeProto): void {
    const between = this.#between(quantizer);
    if (!between) return;
    const { movers, ends } = between;
    const source = quantizer.input[0] ?? "";
    const maker = this.#index.producer(source);
    const touches = maker !== undefined && this.#kept.has(maker);
    if (
      touches ||
      ends.some((end) => this.#index.consumers(end.output[0] ?? "").some((each) => this.#kept.has(each)))
    ) {
      return;
    }
    this.#pairs++;
    const codes = quantizer.output[0] ?? "";
    const clip = this.#clip(quantizer, codes);
    if (clip) this.#instead.set(quantizer, clip);
    else {
      this.#gone.add(quantizer);
      this.#renames.set(codes, this.#renames.get(source) ?? source);
    }
    for (const name of [codes, ...movers.flatMap(({ output }) => output)]) this.#changed.add(name);
    for (const end of ends) {
      const [input = "", output = ""] = [end.input[0], end.output[0]];
      if (this.#index.isOutput(output)) {
        this.#instead.set(end, makeNode("Identity", [input], [output], { name: end.name }));
        continue;
      }
      this.#gone.add(end);
      this.#renames.set(output, this.#renames.get(input) ?? input);
    }
  }

  #between(
    quantizer: NodeProto,
  ): { readonly movers: readonly NodeProto[]; readonly ends: readonly NodeProto[] } | null {
    const movers: NodeProto[] = [];
    const ends: NodeProto[] = [];
    const waiting = [quantizer.output[0] ?? ""];
    for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
      if (this.#index.isOutput(name)) return null;
      for (const { node, input } of this.#index.uses(name)) {
        if (input !== 0) return null;
        if (isDequantizer(node) && this.#sameParameters(quantizer, node)) ends.push(node);
        else if (isMover(node, this.#index)) {
          movers.push(node);
          waiting.push(...node.output.filter(Boolean));
        } else return null;
      }
    }
    return ends.length > 0 ? { movers, ends } : null;
  }

  #sameParameters(one: NodeProto, other: NodeProto): boolean {
    return [1, 2].every((at) => {
      const [a = "", b = ""] = [one.input[at], other.input[at]];
      if (a === b) return true;
      const [first, second] = [this.#index.initializer(a), this.#index.initializer(b)];
      if (!first || !second || first.dataType !== second.dataType) return false;
      const [values, others] = [tensorOf(first).data, tensorOf(second).data];
      return values.length === others.length && values.every((value, i) => value === others[i]);
    });
  }

  /** In a QuantizeLinear's place, named as its codes: what its range may stand for. */
  #clip(quantizer: NodeProto, codes: string): NodeProto | null {
    const grid = gridOf(quantizer, this.#index);
    const maker = this.#index.producer(quantizer.input[0] ?? "");
    if (grid?.low !== 0 || !maker || !ABSORBS.has(maker.opType) || !isDefaultDomain(maker.domain)) return null;
    const [low, high] = (["low", "high"] as const).map((bound) => {
      const name = freshName(this.#names, `${codes}.${bound}`);
      this.#added.push(tensorProto(name, scalar("float32", grid[bound])));
      return name;
    });
    return makeNode("Clip", [quantizer.input[0] ?? "", low!, high!], [codes], { name: quantizer.name });
  }

  #changes(): Change[] {
    const told = (count: number, noun: string, what: string) => (count > 0 ? [{ count, noun, what }] : []);
    return [
      ...told(this.#weights, "quantized constant", "made float32 again"),
      ...told(this.#pairs, "quantizing pair", "taken out (QuantizeLinear, DequantizeLinear)"),
      ...told(this.#kept.size, "layer", "in integers already, and kept so"),
    ];
  }

  #notices(): Notice[] {
    const kept =
      this.#kept.size > 0
        ? [
            `${plural(this.#kept.size, "layer")} in integers ${this.#kept.size === 1 ? "stays as it is" : "stay as they are"}`,
          ]
        : [];
    const folded =
      this.#weights + this.#pairs > 0
        ? [`what ${kept.length > 0 ? "else " : ""}was quantized is float32 again, to be quantized anew`]
        : [];
    const message = `The model is quantized in part: ${[...kept, ...folded].join(", and ")}; figures are against the model as it came.`;
    return [{ kind: "warning", subject: "quantized in part", message }];
  }
}

/** Layers whose Relu or Clip is left out where the range after them says as much. */
const ABSORBS = new Set(["Add", "BatchNormalization", "Conv", "ConvTranspose", "Gemm", "MatMul", "Mul", "Sub"]);

function isMover(node: NodeProto, index: GraphIndex): boolean {
  return operatorOf(node, index)?.kind === "move" || (isDefaultDomain(node.domain) && node.opType === "Identity");
}
