import { intOf } from "../onnx/attributes.ts";
import type { GraphIndex } from "../onnx/graph.ts";
import { allNodes } from "../onnx/opset.ts";
import type { NodeProto, TensorProto } from "../onnx/proto/onnx_pb.ts";
import { dataTypeOf, dimsOf, tensorOf } from "../onnx/tensor.ts";
import { ahead, behind } from "./trace.ts";

/** What exporters write as one operator; the last two attend to earlier tokens alone. */
const WHOLE: ReadonlySet<string> = new Set(["Attention", "MultiHeadAttention", "GroupQueryAttention"]);
/** What scales and masks products before a Softmax. */
const SCALES: ReadonlySet<string> = new Set(["Add", "Sub", "Mul", "Div", "Where", "Clip", "Max", "Min", "IsNaN"]);
const PRODUCTS: ReadonlySet<string> = new Set(["MatMul", "Einsum", "FusedMatMul"]);

/** The nodes in which tokens or places attend to others: products of activations, a Softmax of them, and a product with what it gives. */
export function attentions(index: GraphIndex): readonly NodeProto[] {
  const isProduct = ({ opType, input }: NodeProto) =>
    PRODUCTS.has(opType) && input.every((name) => !index.initializer(name));
  return index.graph.node.filter((node) => {
    if (WHOLE.has(node.opType)) return true;
    if (node.opType !== "Softmax") return false;
    const reads = behind(node.input[0] ?? "", index, SCALES, isProduct);
    const gives = ahead(node.output[0] ?? "", index, ({ opType }) => SCALES.has(opType), isProduct);
    return reads.length > 0 && gives.length > 0;
  });
}

const PAST = /(^|[._/])(past|cache|past_key_values|kv)([._/]|$)/i;

/** What shows that no token attends to later ones, a sentence's part; null where nothing does. */
export function causality(index: GraphIndex): string | null {
  const past = index.inputs.find(({ name }) => PAST.test(name));
  if (past) return `the input ${past.name} holds what earlier tokens gave`;
  for (const node of allNodes(index.graph)) {
    if (node.opType === "Trilu") return "a Trilu makes a mask of later tokens";
    if (node.opType === "GroupQueryAttention") return "GroupQueryAttention attends to earlier tokens alone";
    if (WHOLE.has(node.opType) && (intOf(node, "is_causal") || intOf(node, "unidirectional"))) {
      return `${node.opType} attends to earlier tokens alone`;
    }
  }
  const mask = index.graph.initializer.find(isTriangle);
  return mask ? `the constant ${mask.name} masks later tokens` : null;
}

/** A float below which a mask leaves nothing of a product. */
const MASKED = -1e4;

/** Whether the last two axes of a constant mask what is above the diagonal. */
function isTriangle(tensor: TensorProto): boolean {
  const dims = dimsOf(tensor);
  const [rows = 0, columns = 0] = dims.slice(-2);
  const isOne = dims.slice(0, -2).every((dim) => dim === 1);
  if (dims.length < 2 || rows !== columns || rows < 2 || !isOne) return false;
  const type = dataTypeOf(tensor.dataType);
  if (type !== "float32" && type !== "bool") return false;
  const { data } = tensorOf(tensor);
  const [first, above, below] = [data[0], data[1], data[columns]].map(Number) as [number, number, number];
  const hides = (value: number) => (type === "bool" ? value !== first : value <= MASKED);
  if (!hides(above) || hides(below) || hides(first)) return false;
  return data.every((value: number | bigint, at: number) => {
    const isAbove = at % columns > Math.floor(at / columns);
    return hides(Number(value)) === isAbove;
  });
}
