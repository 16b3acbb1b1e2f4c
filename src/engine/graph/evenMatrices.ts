import { makeNode } from "../onnx/attributes.ts";
import { GraphIndex } from "../onnx/graph.ts";
import { withFields } from "../onnx/messages.ts";
import { freshName, tensorNames } from "../onnx/names.ts";
import { isDefaultDomain } from "../onnx/opset.ts";
import type { ModelProto, NodeProto, TensorProto } from "../onnx/proto/onnx_pb.ts";
import { dataTypeOf, dimsOf, tensorOf, tensorProto } from "../onnx/tensor.ts";
import { elementCount } from "../values/dims.ts";
import { graphOf, type PassResult, withGraph } from "./pass.ts";
import { inferRanks } from "./ranks.ts";

/** Noise over signal, every vector of weights counting the same, from where on 8 bits under one scale are too coarse: 25 dB. */
const LARGEST_NOISE = 10 ** (-25 / 10);
const STEPS = 127;

/**
 * Brings the matrices of a MatMul's constant, which can have one scale only, to one size where they differ: each column (of a first
 * factor each row) is divided by its largest magnitude over that of all, and what the MatMul makes is multiplied by it, under its old name.
 * In float64, stored as float32.
 */
export function evenMatrices(model: ModelProto): PassResult {
  const graph = graphOf(model);
  const index = new GraphIndex(graph);
  const ranks = inferRanks(graph);
  const names = tensorNames(graph);
  const added: TensorProto[] = [];
  const replaced = new Map<NodeProto, readonly NodeProto[]>();
  for (const node of graph.node) {
    const even = evenOf(node, index, ranks);
    if (!even) continue;
    const { input: at, dims, weights, factors } = even;
    const constant = (base: string, shape: readonly number[], data: Float32Array) => {
      const name = freshName(names, base);
      added.push(tensorProto(name, { type: "float32", dims: shape, data }));
      return name;
    };
    const [output = "", weightName = ""] = [node.output[0], node.input[at]];
    const weight = constant(`${weightName}.even`, dims, weights);
    const factor = constant(`${weightName}.size`, even.factorDims, factors);
    const scaled = freshName(names, `${output}.even`);
    const input = node.input.map((name, i) => (i === at ? weight : name));
    replaced.set(node, [
      withFields(node, { input, output: [scaled] }),
      makeNode("Mul", [scaled, factor], [output], { name: freshName(names, `${index.id(node)}.size`) }),
    ]);
  }
  if (replaced.size === 0) return { model, changes: [] };
  const node = graph.node.flatMap((before) => replaced.get(before) ?? [before]);
  const changes = [{ count: replaced.size, noun: "MatMul", what: "brought to matrices of one size", generation: 2 }];
  return { model: withGraph(model, { node, initializer: [...graph.initializer, ...added] }), changes };
}

interface Even {
  readonly input: number;
  readonly dims: readonly number[];
  readonly weights: Float32Array;
  readonly factorDims: readonly number[];
  readonly factors: Float32Array;
}

function evenOf(node: NodeProto, index: GraphIndex, ranks: ReadonlyMap<string, number>): Even | null {
  if (node.opType !== "MatMul" || !isDefaultDomain(node.domain)) return null;
  const input = node.input.findLastIndex((name) => index.initializer(name));
  const proto = index.initializer(node.input[input] ?? "");
  if (!proto || dataTypeOf(proto.dataType) !== "float32") return null;
  const dims = dimsOf(proto);
  const isFirst = input === 0;
  const others = ranks.get(node.input[1 - input] ?? "");
  if (index.initializer(node.input[1 - input] ?? "") || others === undefined || others < 2) return null;
  if (dims.length < (isFirst ? 2 : 3)) return null;
  const axis = isFirst ? dims.length - 1 : dims.length - 2;
  const [length, inner] = [dims[axis] ?? 0, elementCount(dims.slice(axis + 1))];
  const values = tensorOf(proto).data as Float32Array;
  const vectorOf = (at: number) => Math.floor(at / (length * inner)) * inner + (at % inner);
  const vectors = values.length / Math.max(1, length);
  const [reach, energy] = [new Float64Array(vectors), new Float64Array(vectors)];
  for (let i = 0; i < values.length; i++) {
    const vector = vectorOf(i);
    reach[vector] = Math.max(reach[vector]!, Math.abs(values[i]!));
    energy[vector]! += values[i]! ** 2;
  }
  const largest = reach.reduce((most, each) => Math.max(most, each), 0);
  if (!(largest > 0) || !Number.isFinite(largest) || !isUneven(energy, length, largest)) return null;
  const factors = Float32Array.from(reach, (each) => (each > 0 ? each / largest : 1));
  if (factors.some((factor) => factor < Number.MIN_VALUE || !Number.isFinite(1 / factor))) return null;
  const weights = values.map((value, i) => value / factors[vectorOf(i)]!);
  return { input, dims, weights, factorDims: dims.map((dim, at) => (at === axis ? 1 : dim)), factors };
}

/** Whether the vectors lose too much, each counting the same, to one scale for all of them. */
function isUneven(energy: Float64Array, length: number, largest: number): boolean {
  const noise = (length * (largest / STEPS) ** 2) / 12;
  const live = [...energy].filter((each) => each > 0);
  const lost = live.reduce((sum, each) => sum + Math.min(1, noise / each), 0);
  return lost > LARGEST_NOISE * live.length;
}
