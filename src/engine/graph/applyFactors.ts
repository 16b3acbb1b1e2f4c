import type { ChannelFactors, Recipe } from "../model/recipe.ts";
import { own } from "../model/record.ts";
import { makeNode } from "../onnx/attributes.ts";
import { GraphIndex } from "../onnx/graph.ts";
import { withFields } from "../onnx/messages.ts";
import { freshName, tensorNames } from "../onnx/names.ts";
import type { ModelProto, NodeProto, TensorProto } from "../onnx/proto/onnx_pb.ts";
import { dimsOf, tensorOf, tensorProto } from "../onnx/tensor.ts";
import { joinsOf, weightOf } from "../operators/joins.ts";
import type { ChannelJoins } from "../operators/operator.ts";
import { type ChannelLink, channelLinks } from "./channelLinks.ts";
import { graphOf, withGraph } from "./pass.ts";

type Factors = NonNullable<Recipe["factors"]>;

/** A layer's weights and bias while they change. */
interface Draft {
  readonly weight: Float64Array;
  readonly bias: Float64Array;
}

/**
 * How Clip follows a division of its channels. "channel": it becomes a Relu and a Min with one bound a channel, which is
 * exact. "tensor": it stays, with one bound for all; channels that it cuts are not divided (learnFactors), and the others
 * were not seen to reach it, so 8 bits can imply it as they imply any Clip.
 */
export type Bounds = "channel" | "tensor";

/**
 * The model with the channels of its links shifted and divided, and the weights that read them made up for it: the same
 * function to float32's precision, but for channels below what is absorbed and for Clips bounded by tensor. Factors for
 * tensors that are no link are passed over.
 */
export function applyFactors(model: ModelProto, factors: Factors, bounds: Bounds): ModelProto {
  const graph = graphOf(model);
  const index = new GraphIndex(graph);
  const of = ({ tensor }: ChannelLink) => own(factors, tensor) as ChannelFactors;
  const links = channelLinks(index).filter((link) => fits(own(factors, link.tensor), link));
  const drafts = new Map<NodeProto, Draft>();
  for (const link of links) shift(link, of(link), index, drafts);
  for (const link of links) divide(link, of(link), index, drafts);

  const names = tensorNames(graph);
  const added: TensorProto[] = [];
  const constant = (base: string, dims: readonly number[], values: Float64Array): string => {
    const name = freshName(names, base);
    added.push(tensorProto(name, { type: "float32", dims, data: Float32Array.from(values) }));
    return name;
  };
  const replaced = new Map<NodeProto, readonly NodeProto[]>();
  for (const [node, { weight, bias }] of drafts) {
    const [input = "", weightName = "", biasName] = node.input;
    const dims = dimsOf(index.initializer(weightName) as TensorProto);
    const inputs = [input, constant(`${weightName}.equalized`, dims, weight)];
    if (biasName || bias.some((value) => value !== 0)) {
      inputs.push(constant(`${biasName || `${node.output[0]}.bias`}.equalized`, [bias.length], bias));
    }
    replaced.set(node, [withFields(node, { input: inputs })]);
  }
  for (const link of links) {
    for (const clip of bounds === "channel" ? link.clips : []) {
      const nodes = boundedByChannel(link, clip, of(link), index, names, constant);
      replaced.set(clip.node, nodes);
    }
  }
  const node = graph.node.flatMap((each) => replaced.get(each) ?? [each]);
  const read = new Set(node.flatMap(({ input }) => input));
  const gone = new Set([...drafts.keys()].flatMap(({ input }) => input.slice(1)).filter((name) => !read.has(name)));
  return withGraph(model, {
    node,
    initializer: [...graph.initializer.filter(({ name }) => !gone.has(name)), ...added],
  });
}

function fits(factors: ChannelFactors | undefined, { channels }: ChannelLink): boolean {
  return factors !== undefined && factors.divide.length === channels && factors.absorb.length === channels;
}

function draftOf(node: NodeProto, index: GraphIndex, drafts: Map<NodeProto, Draft>): Draft {
  const known = drafts.get(node);
  if (known) return known;
  const bias = node.input[2] ? (tensorOf(index.initializer(node.input[2]) as TensorProto).data as Float32Array) : null;
  const draft = {
    weight: Float64Array.from(weightOf(node, index)),
    bias: bias ? Float64Array.from(bias) : new Float64Array((joinsOf(node, index) as ChannelJoins).outputs),
  };
  drafts.set(node, draft);
  return draft;
}

/** Takes a constant off channels that are never smaller, and gives it to the biases of the layers that read them. */
function shift(link: ChannelLink, { absorb }: ChannelFactors, index: GraphIndex, drafts: Map<NodeProto, Draft>): void {
  if (!absorb.some((value) => value !== 0)) return;
  const { bias } = draftOf(link.producer, index, drafts);
  for (const [channel, value] of absorb.entries()) bias[channel] = (bias[channel] as number) - value;
  for (const { node, offset, block } of link.readers) {
    const draft = draftOf(node, index, drafts);
    joinsOf(node, index)?.forEachRun((output, input, start, length) => {
      const value = absorb[Math.floor(input / block) - offset];
      if (!value) return;
      let sum = 0;
      for (let i = start; i < start + length; i++) sum += draft.weight[i] as number;
      draft.bias[output] = (draft.bias[output] as number) + sum * value;
    });
  }
}

function divide(link: ChannelLink, factors: ChannelFactors, index: GraphIndex, drafts: Map<NodeProto, Draft>): void {
  const producer = draftOf(link.producer, index, drafts);
  const scale = (weight: Float64Array, start: number, length: number, factor: number) => {
    for (let i = start; i < start + length; i++) weight[i] = (weight[i] as number) * factor;
  };
  joinsOf(link.producer, index)?.forEachRun((output, _, start, length) => {
    scale(producer.weight, start, length, 1 / (factors.divide[output] as number));
  });
  for (const [channel, factor] of factors.divide.entries()) {
    producer.bias[channel] = (producer.bias[channel] as number) / factor;
  }
  for (const { node, offset, block } of link.readers) {
    const draft = draftOf(node, index, drafts);
    joinsOf(node, index)?.forEachRun((_, input, start, length) => {
      const factor = factors.divide[Math.floor(input / block) - offset];
      if (factor !== undefined) scale(draft.weight, start, length, factor);
    });
  }
}

function boundedByChannel(
  { producer }: ChannelLink,
  { node, bound }: ChannelLink["clips"][number],
  { divide: divisors, absorb }: ChannelFactors,
  index: GraphIndex,
  names: Set<string>,
  constant: (base: string, dims: readonly number[], values: Float64Array) => string,
): NodeProto[] {
  const bounds = Float64Array.from(divisors, (factor, channel) => (bound - (absorb[channel] as number)) / factor);
  if (bounds.every((each) => each === bound)) return [node];
  const [input = "", output = ""] = [node.input[0], node.output[0]];
  const rank = dimsOf(index.initializer(producer.input[1] ?? "") as TensorProto).length;
  const dims = [1, bounds.length, ...new Array<number>(rank - 2).fill(1)];
  const unbounded = freshName(names, `${output}.unbounded`);
  return [
    makeNode("Relu", [input], [unbounded], { name: node.name }),
    makeNode("Min", [unbounded, constant(`${output}.bounds`, dims, bounds)], [output], {
      ...(node.name && { name: `${node.name}.bounds` }),
    }),
  ];
}
