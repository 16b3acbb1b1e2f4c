import type { Notice } from "../model/job.ts";
import type { Tensor } from "../model/tensor.ts";
import { GraphIndex } from "../onnx/graph.ts";
import type { ModelProto, NodeProto, TensorProto } from "../onnx/proto/onnx_pb.ts";
import { tensorProto } from "../onnx/tensor.ts";
import { elementCount } from "../values/dims.ts";
import { byteSize } from "../values/units.ts";
import type { Arithmetic, Inputs } from "./arithmetic/floats.ts";
import { arithmeticOf } from "./arithmetic/index.ts";
import { ConstantSizes } from "./constantSizes.ts";
import { constantModel, replace } from "./constants.ts";
import { isExact, mayBeExact } from "./exact.ts";
import { type Evaluate, graphOf, type PassResult } from "./pass.ts";
import { bytesOf, outputSize } from "./sizes.ts";

/** A layer whose result takes more multiplications than this, tens of seconds, stays a computation. */
export const MOST_WORK = 2 ** 33;
/** And one whose result takes more bytes than one array may have on every engine. */
export const MOST_BYTES = 2 ** 30;

/**
 * Computes in advance what follows from constants by operators whose result depends on the runtime, as weight normalisation,
 * weight standardisation and LoRA have it: these by arithmetic of our own (arithmetic/index.ts), what is exact between them by
 * the runtime. What would blow up the file or is too much to compute stays. Expects what is exact alone to be folded already.
 */
export async function computeConstants(model: ModelProto, evaluate: Evaluate): Promise<PassResult> {
  const computation = new Computation(model, evaluate);
  await computation.run();
  const { nodes, values } = computation.removed();
  if (nodes.length === 0) return { model, changes: [] };
  return {
    model: replace(model, nodes, values),
    changes: [{ count: nodes.length, noun: "constant layer", what: "computed in advance", generation: 2 }],
  };
}

/** What is said of constants that are left to be computed at every run, since they are too large. */
export function largeConstants(model: ModelProto): Notice[] {
  const index = new GraphIndex(graphOf(model));
  const sizes = new ConstantSizes(index);
  return [...constantNodes(index)].flatMap((node) => {
    const size = sizes.readsConstants(node) ? outputSize(node, sizes) : null;
    if (!size) return [];
    const arithmetic = arithmeticOf(node);
    const inputs = node.input.map((name) => sizes.value(name) ?? null);
    const isMuch = arithmetic && (bytesOf(size) > MOST_BYTES || workOf(node, arithmetic, inputs) > MOST_WORK);
    if (!isMuch && !sizes.exceeds(size)) return [];
    const message = `${index.id(node)} makes ${byteSize(bytesOf(size))} of constants alone, which is too much to compute in advance, so it stays a layer that runs.`;
    return [{ kind: "info", subject: index.id(node), message }];
  });
}

class Computation {
  readonly #model: ModelProto;
  readonly #evaluate: Evaluate;
  readonly #index: GraphIndex;
  readonly #values = new Map<string, Tensor>();
  readonly #sizes: ConstantSizes;
  readonly #constant: ReadonlySet<NodeProto>;
  readonly #done = new Set<NodeProto>();
  /** Those whose arithmetic is not ours, or too much. */
  readonly #left = new Set<NodeProto>();

  constructor(model: ModelProto, evaluate: Evaluate) {
    this.#model = model;
    this.#evaluate = evaluate;
    this.#index = new GraphIndex(graphOf(model));
    this.#sizes = new ConstantSizes(this.#index, this.#values);
    this.#constant = constantNodes(this.#index);
  }

  async run(): Promise<void> {
    while (this.#computeOwn() || (await this.#computeExact()));
  }

  /** The nodes that constants can take the place of, and the constants that others read. */
  removed(): { readonly nodes: readonly NodeProto[]; readonly values: ReadonlyMap<string, Tensor> } {
    const gone = new Set(this.#done);
    for (;;) {
      const wanted = [...gone].flatMap(({ output }) => output).filter((name) => this.#isReadBeside(name, gone));
      const lacking = wanted.filter((name) => {
        const value = this.#values.get(name);
        return !value || this.#sizes.grows(name, value.data.byteLength);
      });
      if (lacking.length === 0) {
        const values = new Map(wanted.map((name) => [name, this.#values.get(name) as Tensor]));
        return { nodes: [...gone], values };
      }
      for (const name of lacking) gone.delete(this.#index.producer(name) as NodeProto);
    }
  }

  #isReadBeside(name: string, nodes: ReadonlySet<NodeProto>): boolean {
    return this.#index.consumers(name).some((reader) => !nodes.has(reader));
  }

  /** Whether anything was computed. */
  #computeOwn(): boolean {
    const before = this.#done.size;
    for (const node of this.#constant) {
      if (this.#done.has(node) || this.#left.has(node)) continue;
      const arithmetic = arithmeticOf(node);
      const inputs = arithmetic && this.#inputsOf(node);
      if (!inputs) continue;
      const result = this.#isWorthwhile(node, arithmetic, inputs) ? arithmetic.compute(node, inputs) : null;
      if (!result) {
        this.#left.add(node);
        continue;
      }
      this.#values.set(node.output[0] as string, result);
      this.#done.add(node);
    }
    return this.#done.size > before;
  }

  /** Null where one of them is not known yet. */
  #inputsOf({ input }: NodeProto): Inputs | null {
    const inputs = input.map((name) => (name ? this.#sizes.value(name) : null));
    return inputs.every((each) => each !== undefined) ? inputs : null;
  }

  #isWorthwhile(node: NodeProto, arithmetic: Arithmetic, inputs: Inputs): boolean {
    if (workOf(node, arithmetic, inputs) > MOST_WORK) return false;
    const size = this.#sizes.take(node);
    if (!size || bytesOf(size) > MOST_BYTES) return false;
    const [output = ""] = node.output;
    const leads = this.#index.consumers(output).some((reader) => this.#constant.has(reader));
    return leads || !this.#sizes.grows(output, bytesOf(size));
  }

  /** What is exact and follows from what is known by now, at once. */
  async #computeExact(): Promise<boolean> {
    const nodes = new Set<NodeProto>();
    const made = new Set<string>();
    for (const node of this.#constant) {
      if (this.#done.has(node)) continue;
      const read = node.input.filter(Boolean);
      const follows = read.some((name) => made.has(name) || this.#values.has(name));
      if (!follows || !read.every((name) => made.has(name) || this.#sizes.value(name))) continue;
      if (!isExact(node, (name) => this.#protoOf(name)) || !this.#sizes.take(node)) continue;
      nodes.add(node);
      for (const name of node.output.filter(Boolean)) made.add(name);
    }
    if (nodes.size === 0) return false;
    const wanted = [...made].filter((name) => this.#isReadBeside(name, nodes));
    const more = [...this.#values].map(([name, value]) => tensorProto(name, value));
    if (wanted.length > 0) {
      const values = await this.#evaluate(constantModel(this.#model, [...nodes], wanted, more));
      for (const [name, value] of values) this.#values.set(name, value);
    }
    for (const node of nodes) this.#done.add(node);
    return true;
  }

  #protoOf(name: string): TensorProto | undefined {
    const value = this.#values.get(name);
    return value ? tensorProto(name, value) : this.#index.initializer(name);
  }
}

/** The nodes that follow from initialisers alone by operators that are exact or ours, but for those that make an output. */
function constantNodes(index: GraphIndex): ReadonlySet<NodeProto> {
  const constants = new Set(index.graph.initializer.map(({ name }) => name));
  const nodes = new Set<NodeProto>();
  for (const node of index.graph.node) {
    const read = node.input.filter(Boolean);
    if (read.length === 0 || !read.every((name) => constants.has(name))) continue;
    if (node.output.some((name) => index.isOutput(name))) continue;
    const isOurs = arithmeticOf(node) && node.output.slice(1).every((name) => index.consumers(name).length === 0);
    if (!isOurs && !mayBeExact(node)) continue;
    nodes.add(node);
    for (const name of node.output) if (name) constants.add(name);
  }
  return nodes;
}

function workOf(node: NodeProto, { work }: Arithmetic, inputs: Inputs): number {
  const read = inputs.reduce((sum, each) => sum + (each ? elementCount(each.dims) : 0), 0);
  return Math.max(read, work?.(node, inputs) ?? 0);
}
