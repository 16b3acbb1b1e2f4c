import type { Affine } from "../model/range.ts";
import { GraphIndex } from "../onnx/graph.ts";
import { withFields } from "../onnx/messages.ts";
import type { ModelProto, NodeProto, ValueInfoProto } from "../onnx/proto/onnx_pb.ts";
import { dataTypeCode, dataTypeOf, tensorOf } from "../onnx/tensor.ts";
import type { DataType } from "../values/elementTypes.ts";

const isQuantizer = ({ opType }: NodeProto) => opType === "QuantizeLinear";
const isDequantizer = ({ opType }: NodeProto) => opType === "DequantizeLinear";

/** An input or output that is int8, and what its codes stand for: x is about scale * (q - zeroPoint). */
export interface IntegerEnd extends Affine {
  readonly name: string;
  readonly kind: "input" | "output";
}

/**
 * A model written with pairs of Q and DQ whose rounded inputs and outputs are the codes themselves: the QuantizeLinear of each input and the
 * DequantizeLinear of each output is left to the caller. Inputs and outputs that are not rounded to int8 stay as they are.
 */
export function withIntegerEnds(model: ModelProto): {
  readonly model: ModelProto;
  readonly ends: readonly IntegerEnd[];
} {
  const { graph } = model;
  if (!graph) return { model, ends: [] };
  const index = new GraphIndex(graph);
  const ends: IntegerEnd[] = [];
  const removed = new Set<NodeProto>();
  /** New names of tensors, by the ones they had. */
  const renamed = new Map<string, string>();
  const input = graph.input.map((info) => {
    const [use, ...others] = index.uses(info.name);
    const affine = use && others.length === 0 && isQuantizer(use.node) ? affineOf(use.node, index) : null;
    if (!use || !affine || index.isOutput(info.name)) return info;
    removed.add(use.node);
    renamed.set(use.node.output[0] ?? "", info.name);
    ends.push({ name: info.name, kind: "input", ...affine });
    return withElementType(info, "int8");
  });
  const kept = new Map<NodeProto, NodeProto>();
  const output = graph.output.map((info) => {
    const maker = index.producer(info.name);
    const codes = maker?.input[0] ?? "";
    const affine = maker && isDequantizer(maker) ? affineOf(maker, index) : null;
    if (!maker || !affine || index.initializer(codes) || renamed.has(codes)) return info;
    ends.push({ name: info.name, kind: "output", ...affine });
    renamed.set(codes, info.name);
    const inner = `${info.name}_dequantized`;
    const isRead = index.uses(info.name).length > 0;
    if (isRead) kept.set(maker, withFields(maker, { output: [inner] }));
    else removed.add(maker);
    if (isRead) renamed.set(info.name, inner);
    return withElementType(info, "int8");
  });
  const isGone = new Set(renamed.keys());
  const node = graph.node.flatMap((each) => {
    if (removed.has(each)) return [];
    const changed = kept.get(each);
    const read = each.input.map((name) => renamed.get(name) ?? name);
    const made = changed?.output ?? each.output.map((name) => (isQuantizer(each) ? (renamed.get(name) ?? name) : name));
    return [withFields(each, { input: read, output: made })];
  });
  const used = new Set(node.flatMap((each) => each.input));
  return {
    model: withFields(model, {
      graph: withFields(graph, {
        ...{ input, output, node },
        initializer: graph.initializer.filter(({ name }) => used.has(name) || index.isOutput(name)),
        valueInfo: graph.valueInfo.filter(({ name }) => !isGone.has(name)),
      }),
    }),
    ends,
  };
}

function affineOf({ input }: NodeProto, index: GraphIndex): Affine | null {
  const [scale, zero] = [index.initializer(input[1] ?? ""), index.initializer(input[2] ?? "")];
  if (!scale || !zero || dataTypeOf(zero.dataType) !== "int8") return null;
  return { scale: Number(tensorOf(scale).data[0]), zeroPoint: Number(tensorOf(zero).data[0]) };
}

/** What is said of a tensor, with another type of its elements. */
export function withElementType(info: ValueInfoProto, element: DataType): ValueInfoProto {
  const { type } = info;
  if (type?.value.case !== "tensorType") return info;
  const tensor = withFields(type.value.value, { elemType: dataTypeCode(element) });
  return withFields(info, { type: withFields(type, { value: { case: "tensorType", value: tensor } }) });
}
