import { intAttribute, intOf, makeNode } from "../onnx/attributes.ts";
import { GraphIndex } from "../onnx/graph.ts";
import { withFields } from "../onnx/messages.ts";
import { freshName, tensorNames } from "../onnx/names.ts";
import { isDefaultDomain } from "../onnx/opset.ts";
import {
  TensorProto_DataType as Code,
  type ModelProto,
  type NodeProto,
  type TensorProto,
} from "../onnx/proto/onnx_pb.ts";
import { keepsPairs } from "../plan/addsInFloat.ts";
import type { QuantizationPlan } from "../plan/plan.ts";

/** What ONNX Runtime moves pairs along (QDQPropagation). */
const MOVED_ALONG = new Set(["MaxPool", "Reshape", "Slice", "Squeeze", "Transpose", "Unsqueeze"]);

/**
 * A model in which ONNX Runtime 1.30 moves no pair in int8: one that it makes itself states the type of its codes, and once it makes unsigned
 * codes of signed ones, as it does on x86, no longer loads. So a Sum stands before a float layer that only moves what is dequantized, and
 * before the product of a vector; and what is added to a MatMul of more than two dimensions is a row, since of that and a vector it makes a
 * Reshape and a Gemm.
 */
export function withoutMovedPairs(model: ModelProto, { layers, written }: QuantizationPlan): ModelProto {
  if (!written || !keepsPairs(written)) return model;
  const read = new Map(layers.map(({ node }) => [node.name, node.input[0] ?? ""]));
  const rankOf = ({ name }: NodeProto) => written.shapeOf(read.get(name) ?? "")?.length;
  const multipliesVector = (node: NodeProto) => node.opType === "MatMul" && rankOf(node) === 1;
  const graph = model.graph!;
  const index = new GraphIndex(graph);
  const isSigned = (tensor: string): boolean => {
    const maker = index.producer(tensor);
    const zeroPoint = maker && isDequantizer(maker) ? index.initializer(maker.input[2] ?? "") : undefined;
    return zeroPoint?.dataType === Code.INT8 && !index.initializer(maker?.input[0] ?? "");
  };
  const names = tensorNames(graph);
  const rows = new Rows(index, names, (product) => isSigned(product.input[0] ?? "") && (rankOf(product) ?? 3) > 2);
  const node = graph.node.flatMap((each): NodeProto[] => {
    const source = each.input[0] ?? "";
    if (!isDefaultDomain(each.domain)) return [each];
    if (each.opType === "Add") return [rows.added(each)];
    const readers = index.consumers(each.output[0] ?? "");
    const isRounded = readers.length > 0 && readers.every(isQuantizer);
    const isMoved = MOVED_ALONG.has(each.opType) && !isRounded;
    if (!(isMoved || multipliesVector(each)) || !isSigned(source)) return [each];
    const kept = freshName(names, `${source}_Sum`);
    return [
      makeNode("Sum", [source], [kept], { name: kept }),
      withFields(each, { input: [kept, ...each.input.slice(1)] }),
    ];
  });
  const initializer = [...graph.initializer.filter(({ name }) => !rows.replaced.has(name)), ...rows.made.values()];
  return withFields(model, {
    graph: withFields(graph, { node: node.map((each) => rows.dequantizers.get(each) ?? each), initializer }),
  });
}

const isQuantizer = ({ opType }: NodeProto) => opType === "QuantizeLinear";
const isDequantizer = ({ opType }: NodeProto) => opType === "DequantizeLinear";

/** Vectors that are added to products, as matrices of one row. */
class Rows {
  readonly made = new Map<string, TensorProto>();
  readonly replaced = new Set<string>();
  readonly dequantizers = new Map<NodeProto, NodeProto>();
  readonly #index: GraphIndex;
  readonly #names: Set<string>;
  readonly #isProduct: (node: NodeProto) => boolean;

  /** `isProduct` says of a MatMul whether what is added to it is to be a row. */
  constructor(index: GraphIndex, names: Set<string>, isProduct: (node: NodeProto) => boolean) {
    this.#index = index;
    this.#names = names;
    this.#isProduct = isProduct;
  }

  added(add: NodeProto): NodeProto {
    const place = add.input.findIndex((name) => {
      const maker = this.#index.producer(name);
      return maker?.opType === "MatMul" && isDefaultDomain(maker.domain) && this.#isProduct(maker);
    });
    if (place < 0) return add;
    const name = add.input[1 - place] ?? "";
    const dequantizer = this.#index.producer(name);
    if (dequantizer && isDequantizer(dequantizer)) {
      const codes = dequantizer.input[0] ?? "";
      const isShared = this.#index.consumers(name).length > 1 || this.#index.isOutput(name);
      const row = isShared ? null : this.#rowOf(codes);
      if (row === null) return add;
      const hasAxis = dequantizer.attribute.some((attribute) => attribute.name === "axis");
      const attribute = hasAxis ? [intAttribute("axis", (intOf(dequantizer, "axis") ?? 0) + 1)] : [];
      const others = dequantizer.attribute.filter((each) => each.name !== "axis");
      const input = [row, ...dequantizer.input.slice(1)];
      this.dequantizers.set(dequantizer, withFields(dequantizer, { input, attribute: [...others, ...attribute] }));
      return add;
    }
    const row = this.#rowOf(name);
    return row ? withFields(add, { input: add.input.with(1 - place, row) }) : add;
  }

  /** The name of a constant vector as a row; null of what is none. */
  #rowOf(name: string): string | null {
    const vector = this.#index.initializer(name);
    if (vector?.dims.length !== 1) return null;
    const known = this.made.get(name);
    if (known) return known.name;
    const isAlone = this.#index.consumers(name).length === 1 && !this.#index.isOutput(name);
    if (isAlone) this.replaced.add(name);
    const row = withFields(vector, {
      name: isAlone ? name : freshName(this.#names, `${name}_row`),
      dims: [1n, ...vector.dims],
    });
    this.made.set(name, row);
    return row.name;
  }
}
