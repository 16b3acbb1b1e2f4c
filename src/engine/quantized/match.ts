import type { LayerMatch, MatchedBy, Matching, Unmatched } from "../model/quantizedFile.ts";
import { Comparator } from "../numerics/metrics.ts";
import type { GraphIndex } from "../onnx/graph.ts";
import type { GraphProto } from "../onnx/proto/onnx_pb.ts";
import { type Aligned, alignedTo, originsOf } from "./aligned.ts";
import { biasApart, biasValues, stepAt } from "./bias.ts";
import { type FloatGraph, type FloatLayer, floatGraphs } from "./floatGraph.ts";
import { floatsOf } from "./floats.ts";
import type { MadeTensor, ReadLayer } from "./read.ts";
import { unlikeBiases, unlikeWeights } from "./unlike.ts";

/** A weight is told by its values where it is as close as this, and closer than to any other by as much, dB. */
const CLOSE = 10;
const CLOSER = 3;

export interface Matched extends Matching {
  /** What the file has for tensors of the float model, by name. */
  readonly tensors: ReadonlyMap<string, MadeTensor>;
}

/**
 * Which layer of a float model each layer of a quantized file is: by the tensor it makes, its name, its weight's name or values, or
 * its place between others that were told. `float` is what is quantized here, `given` the model as it came, of which a tool that
 * folded nothing has the weights.
 */
export function matchLayers(stored: readonly ReadLayer[], float: GraphProto, given: GraphProto): Matched {
  const [graphs, before] = [floatGraphs(float), floatGraphs(given)];
  const groups = new Map<string, ReadLayer[]>([...graphs.keys()].map((path) => [path, []]));
  for (const layer of stored) groups.get(pathOf(layer, graphs))!.push(layer);
  const parts = [...groups].map(([path, own]) => new Matcher(own, graphs.get(path)!, before.get(path)).match());
  const order = new Map(stored.map(({ id }, at) => [id, at]));
  const inOrder = (one: string, other: string) => order.get(one)! - order.get(other)!;
  const matches = parts.flatMap((part) => part.matches).sort((one, other) => inOrder(one.stored, other.stored));
  return {
    matches,
    fused: parts.flatMap(({ fused }) => fused),
    stored: parts.flatMap((part) => part.stored).sort((one, other) => inOrder(one.layer, other.layer)),
    float: parts.flatMap((part) => part.float),
    notices: [...unlikeWeights(matches), ...unlikeBiases(matches)],
    tensors: parts[0]!.tensors,
  };
}

/**
 * By what names begin with in the float model where a layer of the file is. A graph whose node the float model has not is a part of the
 * one around it: an If of which one branch alone is taken.
 */
function pathOf({ within }: ReadLayer, graphs: ReadonlyMap<string, FloatGraph>): string {
  let [path, around] = ["", ""];
  for (const each of within) {
    const own = around === "" ? each : each.slice(around.length + 1);
    const inner = path === "" ? own : `${path}/${own}`;
    if (graphs.has(inner)) path = inner;
    around = each;
  }
  return path;
}

/** What the layers of one graph are told to be. */
type Part = Omit<Matched, "notices">;

/** Of one graph of the float model. */
class Matcher {
  readonly #stored: readonly ReadLayer[];
  readonly #index: GraphIndex;
  readonly #layers: readonly FloatLayer[];
  /** By layer the one of the model as it came, and all tensors of that. */
  readonly #given: ReadonlyMap<FloatLayer, FloatLayer>;
  readonly #known: ReadonlySet<string>;
  readonly #byStored = new Map<ReadLayer, { readonly layer: FloatLayer; readonly by: MatchedBy }>();
  readonly #byFloat = new Map<FloatLayer, ReadLayer>();
  readonly #names = new Map<string, FloatLayer>();
  /** By tensor of the file. */
  readonly #makerOf = new Map<string, ReadLayer>();

  constructor(stored: readonly ReadLayer[], { index, layers }: FloatGraph, before: FloatGraph | undefined) {
    this.#stored = stored;
    this.#index = index;
    this.#layers = layers;
    for (const layer of layers) this.#names.set(index.id(layer.node), layer);
    for (const layer of stored) {
      for (const { names, values, codes } of layer.makes) {
        for (const name of [...names, values, codes?.[0]]) if (name) this.#makerOf.set(name, layer);
      }
    }
    this.#given = before ? originsOf(layers, before) : new Map();
    this.#known = new Set([...(before?.layers ?? []), ...layers].flatMap(({ node }) => node.output));
  }

  match(): Part {
    this.#byTensor();
    this.#each("name", (layer) => this.#names.get(bareLayer(ownName(layer))));
    this.#byWeightName();
    this.#byWeight();
    this.#byPlace();
    const matches = this.#stored.flatMap((layer) => this.#matchOf(layer) ?? []);
    const within = this.#fused();
    const float = this.#layers.filter((layer) => !this.#byFloat.has(layer) && !within.has(layer.id));
    return {
      matches,
      fused: [...within].map(([id, layer]) => ({ float: id, within: layer.id })),
      stored: this.#stored.flatMap((layer) => (this.#byStored.has(layer) ? [] : [this.#unmatched(layer)])),
      float: float.map((layer) => ({ layer: layer.id, operator: layer.operator, why: this.#whyNotInFile(layer) })),
      tensors: this.#tensors(),
    };
  }

  #take(stored: ReadLayer, layer: FloatLayer, by: MatchedBy): void {
    this.#byStored.set(stored, { layer, by });
    this.#byFloat.set(layer, stored);
  }

  #each(by: MatchedBy, find: (layer: ReadLayer) => FloatLayer | undefined): void {
    for (const stored of this.#stored) {
      if (this.#byStored.has(stored)) continue;
      const layer = find(stored);
      if (layer && !this.#byFloat.has(layer) && isAlike(stored, layer)) this.#take(stored, layer, by);
    }
  }

  /** First by what a layer makes itself, then by what is made after what may be fused to it. */
  #byTensor(): void {
    for (const isOwn of [true, false]) {
      const makers = new Map<string, FloatLayer[]>();
      for (const layer of this.#layers) {
        for (const name of isOwn ? layer.node.output : layer.outputs) {
          if (name) makers.set(name, [...(makers.get(name) ?? []), layer]);
        }
      }
      this.#each("tensor", (stored) => {
        const found = stored.makes.flatMap(({ names }) => names.flatMap((name) => makers.get(name) ?? []));
        return found.find((layer) => !this.#byFloat.has(layer) && isAlike(stored, layer));
      });
    }
    const origins = new Map(
      [...this.#given].flatMap(([layer, origin]) => origin.node.output.map((name) => [name, layer])),
    );
    this.#each(
      "tensor",
      (stored) => stored.makes.flatMap(({ names }) => names.flatMap((name) => origins.get(name) ?? []))[0],
    );
  }

  #byWeightName(): void {
    const readers = new Map<string, FloatLayer[]>();
    for (const layer of this.#layers) {
      for (const { name } of layer.weights) readers.set(name, [...(readers.get(name) ?? []), layer]);
    }
    this.#each("weight name", ({ weights: [weight] }) => {
      const found = weight ? (readers.get(weight.name) ?? readers.get(bareWeight(weight.name)) ?? []) : [];
      return found.length === 1 ? found[0] : undefined;
    });
  }

  #byWeight(): void {
    this.#each("weight", (stored) => {
      const near = this.#layers
        .filter((layer) => !this.#byFloat.has(layer) && isAlike(stored, layer))
        .flatMap((layer) => {
          const sqnr = this.#closeness(stored, layer);
          return sqnr !== null && sqnr >= CLOSE ? [{ layer, sqnr }] : [];
        })
        .sort((one, other) => other.sqnr - one.sqnr);
      const [best, next] = near;
      return best && (!next || best.sqnr - next.sqnr >= CLOSER) ? best.layer : undefined;
    });
  }

  /** By what makes what a layer reads, as often as that tells one more. */
  #byPlace(): void {
    const makers = this.#makerOf;
    for (let known = -1; this.#byStored.size > known; ) {
      known = this.#byStored.size;
      this.#each("place", (stored) => {
        const reads = stored.reads.map(({ tensor }, at) => {
          const maker = makers.get(stored.inputs[at] ?? "") ?? makers.get(tensor);
          return maker ? this.#byStored.get(maker)?.layer : tensor;
        });
        if (reads.length === 0 || reads.includes(undefined)) return undefined;
        const found = this.#layers.filter(
          (layer) => !this.#byFloat.has(layer) && isAlike(stored, layer) && this.#reads(layer, reads),
        );
        return found.length === 1 ? found[0] : undefined;
      });
    }
  }

  /** Whether a layer reads what these layers make, after what may be fused to them, or these inputs of the model. */
  #reads({ node }: FloatLayer, makers: readonly (FloatLayer | string | undefined)[]): boolean {
    const read = node.input.filter((name) => name && !this.#index.initializer(name));
    if (read.length !== makers.length) return false;
    return makers.every((maker, at) => {
      const name = read[at] as string;
      return typeof maker === "string" ? maker === name : maker?.outputs.includes(name);
    });
  }

  #matchOf(stored: ReadLayer): LayerMatch | null {
    const known = this.#byStored.get(stored);
    if (!known) return null;
    const { layer, by } = known;
    const sqnr = this.#closeness(stored, layer);
    return { stored: stored.id, float: layer.id, by, sqnr, bias: this.#biasOf(stored, layer) };
  }

  /** How far a layer's bias is from the float one, as it is quantized here or as it came, whichever is nearer. */
  #biasOf({ bias }: ReadLayer, layer: FloatLayer): LayerMatch["bias"] {
    if (!bias) return null;
    const values = biasValues(bias);
    const forms = [layer, this.#given.get(layer)].flatMap((each) => {
      const float = each?.bias ? floatsOf(each.bias) : null;
      return float?.length === values.length ? [float] : [];
    });
    const figures = forms.map((float) => {
      const comparator = new Comparator();
      comparator.add(float, Float32Array.from(values));
      const apart = float.map((value, at) => biasApart(value, values[at]!) / stepAt(bias.steps, at));
      return { sqnr: comparator.result().sqnr, steps: apart.reduce((most, each) => Math.max(most, each), 0) };
    });
    return figures.sort((one, other) => one.steps - other.steps)[0] ?? null;
  }

  /** The SQNR of a layer's dequantized weights against the float ones, the least of them; null where none is of the same shape. */
  #closeness(stored: ReadLayer, layer: FloatLayer): number | null {
    const figures = stored.weights.flatMap((weight, at) => {
      const forms = [layer, this.#given.get(layer)].map((each) => each?.weights[Math.min(at, each.weights.length - 1)]);
      const found = forms.flatMap((tensor) => (tensor ? alignedTo(weight, tensor, layer).map(closenessOf) : []));
      return found.length > 0 ? [Math.max(...found)] : [];
    });
    return figures.length > 0 ? Math.min(...figures) : null;
  }

  /** What the file computes within a layer: it has no layer of its own for it, nor a tensor between. */
  #fused(): ReadonlyMap<string, ReadLayer> {
    const within = new Map<string, ReadLayer>();
    for (const [stored, { layer }] of this.#byStored) {
      for (const node of layer.chain.slice(1)) {
        const follower = this.#names.get(this.#index.id(node));
        if (!follower || this.#byFloat.has(follower)) break;
        within.set(follower.id, stored);
      }
    }
    return within;
  }

  /** A layer makes what the last of those that are fused to it makes. What is made inside another layer is not seen around it. */
  #tensors(): ReadonlyMap<string, MadeTensor> {
    const found = new Map<string, MadeTensor>();
    for (const [stored, { layer }] of this.#byStored) {
      if (stored.within.length > 0) continue;
      const next = layer.chain.slice(1).findIndex((node) => {
        const follower = this.#names.get(this.#index.id(node));
        return follower !== undefined && this.#byFloat.has(follower);
      });
      const fused = next < 0 ? layer.chain.length - 1 : next;
      const names = fused > 0 ? [layer.chain[fused]!.output[0] ?? ""] : layer.node.output;
      for (const [at, name] of names.entries()) {
        const made = this.#valuesOf(name, stored.makes[at], layer.outputs.slice(0, fused + 1));
        if (name && made) found.set(name, made);
      }
    }
    return found;
  }

  /**
   * What the file has for a tensor: what is called so, or what its layer makes, unless that is another tensor of the float model than
   * those that the layer makes on the way.
   */
  #valuesOf(name: string, made: MadeTensor | undefined, onTheWay: readonly string[]): MadeTensor | undefined {
    const named = this.#makerOf.get(name)?.makes.find(({ names }) => names.includes(name));
    if (named) return named;
    const isOther =
      made?.names.some((each) => this.#known.has(each)) && !made.names.some((each) => onTheWay.includes(each));
    return isOther ? undefined : made;
  }

  #unmatched({ id, operator, makes }: ReadLayer): Unmatched {
    const within = this.#layers.find(
      (layer) =>
        this.#byFloat.has(layer) && makes.some(({ names }) => layer.outputs.some((name) => names.includes(name))),
    );
    if (within)
      return {
        layer: id,
        operator,
        why: `it makes what ${within.id} makes, of which the file has a part in another layer`,
      };
    const maker = this.#layers.find(({ node }) =>
      makes.some(({ names }) => node.output.some((name) => names.includes(name))),
    );
    const others = maker ? `the float model makes its tensor by ${maker.operator}, ${maker.id}` : NOT_IN_MODEL;
    return { layer: id, operator, why: operator === "BatchNormalization" ? FOLDED : others };
  }

  #whyNotInFile({ node }: FloatLayer): string {
    const maker = node.output.map((name) => this.#makerOf.get(name)).find(Boolean);
    return maker ? `the file makes its tensor by ${maker.operator}, ${maker.id}` : NOT_IN_FILE;
  }
}

const NOT_IN_FILE = "no layer of the file makes its tensor, is called so, has its weight, or stands in its place";
const NOT_IN_MODEL =
  "no layer of the float model makes its tensor, is called so, has its weight, or stands in its place";
const FOLDED = "the float model's BatchNormalization is folded into the layer before it, as it is quantized here";

/** Whether a layer may be the other by its operator: a Gemm may be written as a MatMul. */
function isAlike({ operator }: ReadLayer, layer: FloatLayer): boolean {
  const plain = (name: string) => (name === "Gemm" ? "MatMul" : name);
  return plain(operator) === plain(layer.operator);
}

function closenessOf({ float, align }: Aligned): number {
  const comparator = new Comparator();
  comparator.add(float, align());
  return comparator.result().sqnr;
}

const LAYER_SUFFIXES = /(_quant|_matmul_Q\d|_Q\d|_Bnb4|_quantized)$/;
const WEIGHT_SUFFIXES = /(_quantized|_DQ_Q\d|_Q\d|_Bnb4|_fp16|_bf16|_packed)$/;

function bareLayer(id: string): string {
  return id.replace(LAYER_SUFFIXES, "");
}

/** A layer's name in the graph that it is in. */
function ownName({ id, within }: ReadLayer): string {
  const path = within.at(-1);
  return path === undefined ? id : id.slice(path.length + 1);
}

function bareWeight(name: string): string {
  return name.replace(WEIGHT_SUFFIXES, "");
}
