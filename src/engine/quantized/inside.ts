import { subgraphsOf } from "../onnx/attributes.ts";
import { worksOnQuantized } from "../onnx/checks.ts";
import type { GraphIndex } from "../onnx/graph.ts";
import {
  type GraphProto,
  type NodeProto,
  type TensorProto,
  TensorProto_DataType as Type,
} from "../onnx/proto/onnx_pb.ts";
import { plural } from "../values/figures.ts";

/** How many are named. */
const NAMED = 5;
const SHORT = new Set([Type.FLOAT16, Type.BFLOAT16]);
const CODES = new Set([Type.INT8, Type.UINT8, Type.INT4, Type.UINT4]);

/** What is quantized within the bodies of an If, Loop or Scan, by name, which is not read; null where nothing is. */
export function quantizedInside(node: NodeProto, index: GraphIndex): string | null {
  const found = subgraphsOf(node).flatMap((body) => quantizedIn(body, (name) => typeOf(index.initializer(name))));
  if (found.length === 0) return null;
  const named = found.slice(0, NAMED).map(({ name, output, opType }) => `${name || output[0]} (${opType})`);
  const more = found.length > NAMED ? ` and ${found.length - NAMED} more` : "";
  return `${plural(found.length, "node")} on quantized tensors inside it ${found.length === 1 ? "is" : "are"} not read: ${named.join(", ")}${more}`;
}

/** A body reads what is around it too. */
function quantizedIn(body: GraphProto, around: (name: string) => Type | undefined): readonly NodeProto[] {
  const own = new Map(body.initializer.map((tensor) => [tensor.name, typeOf(tensor)]));
  const within = (name: string) => (own.has(name) ? own.get(name) : around(name));
  return body.node.flatMap((node) => {
    const types = node.input.map(within);
    const isStored = types.some(
      (type) => type !== undefined && (SHORT.has(type) || (node.opType === "Cast" && CODES.has(type))),
    );
    const inner = subgraphsOf(node).flatMap((each) => quantizedIn(each, within));
    return worksOnQuantized(node) || isStored ? [node, ...inner] : inner;
  });
}

/** Of what may be a weight. */
function typeOf(tensor: TensorProto | undefined): Type | undefined {
  return tensor && tensor.dims.length > 1 ? tensor.dataType : undefined;
}
