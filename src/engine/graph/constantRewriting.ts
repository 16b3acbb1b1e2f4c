import { GraphIndex } from "../onnx/graph.ts";
import { withFields } from "../onnx/messages.ts";
import { freshName, tensorNames } from "../onnx/names.ts";
import type { ModelProto, NodeProto, TensorProto } from "../onnx/proto/onnx_pb.ts";
import { dimsOf, tensorOf, tensorProto } from "../onnx/tensor.ts";
import { graphOf, withGraph } from "./pass.ts";

/** A model whose nodes get float32 constants of their own, `NAME.SUFFIX`, in the place of those they share; those that nothing reads then go. */
export class ConstantRewriting {
  readonly index: GraphIndex;
  readonly #model: ModelProto;
  readonly #suffix: string;
  readonly #names: ReturnType<typeof tensorNames>;
  readonly #inputs = new Map<NodeProto, string[]>();
  readonly #values = new Map<string, Float32Array>();
  readonly #added: TensorProto[] = [];

  constructor(model: ModelProto, suffix: string) {
    const graph = graphOf(model);
    this.index = new GraphIndex(graph);
    this.#model = model;
    this.#suffix = suffix;
    this.#names = tensorNames(graph);
  }

  /** The values of a node's own constant, to be written into; the same ones each time. */
  own(node: NodeProto, at: number): Float32Array {
    const input = this.#inputs.get(node) ?? [...node.input];
    this.#inputs.set(node, input);
    const known = this.#values.get(input[at] as string);
    if (known) return known;
    const proto = this.index.initializer(node.input[at] ?? "") as TensorProto;
    const data = Float32Array.from(tensorOf(proto).data as Float32Array);
    const name = freshName(this.#names, `${node.input[at]}.${this.#suffix}`);
    input[at] = name;
    this.#values.set(name, data);
    this.#added.push(tensorProto(name, { type: "float32", dims: dimsOf(proto), data }));
    return data;
  }

  /** Gives each value of a node's own constant another, by where it stands. */
  change(node: NodeProto, at: number, by: (value: number, place: number) => number): void {
    const data = this.own(node, at);
    for (const [place, value] of data.entries()) data[place] = by(value, place);
  }

  /** The model with what was written; as it was given where nothing was. */
  model(): ModelProto {
    if (this.#inputs.size === 0) return this.#model;
    const graph = graphOf(this.#model);
    const node = graph.node.map((each) => {
      const input = this.#inputs.get(each);
      return input ? withFields(each, { input }) : each;
    });
    const read = new Set(node.flatMap(({ input }) => input));
    const replaced = [...this.#inputs.keys()].flatMap(({ input }) => input);
    const gone = new Set(replaced.filter((name) => !read.has(name)));
    return withGraph(this.#model, {
      node,
      initializer: [...graph.initializer.filter(({ name }) => !gone.has(name)), ...this.#added],
    });
  }
}
