import { intAttribute, makeNode } from "../onnx/attributes.ts";
import { withFields } from "../onnx/messages.ts";
import { freshName, stemOf, tensorNames } from "../onnx/names.ts";
import {
  TensorProto_DataType as Code,
  type GraphProto,
  type NodeProto,
  type TensorProto,
} from "../onnx/proto/onnx_pb.ts";
import { inBits, passingFloats } from "../onnx/tensor.ts";
import { BFLOAT, nearest } from "../values/halfFloats.ts";
import type { Writer } from "./emitted.ts";
import { writeFloat16 } from "./float16.ts";

/** bfloat16: constants that the plan names are kept in it, and a Cast gives each its float32, which the runtime works out when it loads the model. Where the target computes in it, layers are in it as in float16. */
export const writeBfloat16: Writer = (model, plan, numbers) => {
  const { index, bfloat, half } = plan;
  if (half) return writeFloat16(model, plan, numbers);
  if (!bfloat) throw new Error("a plan of bfloat16 says what is in it");
  const names = tensorNames(index.graph);
  const narrow = (tensor: TensorProto, name: string, isOwn: boolean): TensorProto => {
    const known = isOwn ? numbers.halves.get(tensor.name) : undefined;
    const bits = known ?? (() => nearest(passingFloats(tensor), BFLOAT));
    return inBits(withFields(tensor, { name }), Code.BFLOAT16, bits);
  };
  const write = (graph: GraphProto, isOwn: boolean): GraphProto => {
    const kept = graph.initializer.filter((tensor) => bfloat.constants.has(tensor));
    const called = new Map(kept.map((tensor) => [tensor, freshName(names, `${stemOf(tensor.name)}_bf16`)]));
    const replaced = new Set(kept.map(({ name }) => name));
    const casts = [...called].map(([{ name }, from]) =>
      makeNode("Cast", [from], [name], { attributes: [intAttribute("to", Code.FLOAT)] }),
    );
    return withFields(graph, {
      node: [...casts, ...graph.node.map((node) => withBodies(node, (body) => write(body, false)))],
      initializer: graph.initializer.map((tensor) => {
        const name = called.get(tensor);
        return name === undefined ? tensor : narrow(tensor, name, isOwn);
      }),
      input: graph.input.filter(({ name }) => !replaced.has(name)),
    });
  };
  const unrounded = new Map(plan.layers.map(({ id, node }) => [id, node.output[0] ?? ""]));
  const graph = write(index.graph, true);
  return {
    model: withFields(model, { producerName: "octet", producerVersion: "", graph }),
    unrounded,
    rounded: new Map(),
  };
};

function withBodies(node: NodeProto, write: (body: GraphProto) => GraphProto): NodeProto {
  if (!node.attribute.some(({ g, graphs }) => g || graphs.length > 0)) return node;
  return withFields(node, {
    attribute: node.attribute.map((each) =>
      each.g || each.graphs.length > 0
        ? withFields(each, { g: each.g && write(each.g), graphs: each.graphs.map(write) })
        : each,
    ),
  });
}
