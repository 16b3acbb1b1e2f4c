import { create } from "@bufbuild/protobuf";
import { own } from "../model/record.ts";
import type { Port, TensorMap } from "../model/tensor.ts";
import { subgraphsOf } from "../onnx/attributes.ts";
import { GraphIndex } from "../onnx/graph.ts";
import { withFields } from "../onnx/messages.ts";
import { isDefaultDomain } from "../onnx/opset.ts";
import { portOf } from "../onnx/ports.ts";
import {
  GraphProtoSchema,
  type ModelProto,
  type NodeProto,
  type TensorProto,
  ValueInfoProtoSchema,
} from "../onnx/proto/onnx_pb.ts";
import { filled, tensorProto } from "../onnx/tensor.ts";
import { elementCount } from "../values/dims.ts";
import type { DataType } from "../values/elementTypes.ts";
import { CONVERSIONS, UNCHANGED } from "./opsetRules.ts";
import { type Evaluate, graphOf, type PassResult, withGraph } from "./pass.ts";

/** Operators whose output shape depends on values no shape tells. */
const DATA_SHAPED = new Set(
  `Compress If Loop Multinomial NonMaxSuppression NonZero Scan SequenceAt SequenceConstruct SequenceEmpty SequenceErase
  SequenceInsert SplitToSequence ConcatFromSequence StringNormalizer TfIdfVectorizer Unique`.split(/\s+/),
);

/** Inputs whose values decide the output shape. */
const SHAPE_INPUTS: Readonly<Record<string, readonly number[]>> = {
  ConstantOfShape: [0],
  Expand: [1],
  OneHot: [1],
  Pad: [1, 3],
  Range: [0, 1, 2],
  ReduceSum: [1],
  Reshape: [1],
  Resize: [1, 2, 3],
  Slice: [1, 2, 3, 4],
  Split: [1],
  Squeeze: [1],
  Tile: [1],
  TopK: [1],
  Unsqueeze: [1],
  MaxUnpool: [2],
};

/**
 * Makes the results of Shape nodes initialisers where the shape is certain: every input of the model is floats of a
 * fixed shape, and what lies between lets no data decide about shapes. The shapes come from one run on zeros.
 */
export async function foldStaticShapes(model: ModelProto, evaluate: Evaluate): Promise<PassResult> {
  const graph = graphOf(model);
  const index = new GraphIndex(graph);
  const ports = index.inputs.map(portOf);
  const isFixed = ({ dims, type }: Port) =>
    type.startsWith("float") && dims.every((dim) => typeof dim === "number" && dim > 0);
  const shapes = ports.every(isFixed) ? certainShapes(index) : [];
  if (shapes.length === 0) return { model, changes: [] };
  let values: TensorMap;
  try {
    values = await evaluate(zeroModel(model, index, ports, shapes));
  } catch {
    // Zeros are not data the model was made for; it may refuse them. Its shapes then stay computed.
    return { model, changes: [] };
  }
  const gone = new Set(shapes);
  return {
    model: withGraph(model, {
      node: graph.node.filter((node) => !gone.has(node)),
      initializer: [...graph.initializer, ...[...values].map(([name, tensor]) => tensorProto(name, tensor))],
    }),
    changes: [{ count: shapes.length, noun: "Shape layer", what: "made constant" }],
  };
}

/** Shape nodes of whose result we are certain, by one walk in graph order. */
function certainShapes(index: GraphIndex): NodeProto[] {
  const known = new Set(index.graph.initializer.map(({ name }) => name));
  const shaped = new Set([...known, ...index.inputs.map(({ name }) => name)]);
  const found: NodeProto[] = [];
  for (const node of index.graph.node) {
    const inputs = node.input.filter(Boolean);
    const isPlain = isDefaultDomain(node.domain) && subgraphsOf(node).length === 0 && !/^Random/.test(node.opType);
    const isUnderstood = UNCHANGED.has(node.opType) || Object.hasOwn(CONVERSIONS, node.opType);
    if (!isPlain || !isUnderstood || DATA_SHAPED.has(node.opType) || !inputs.every((name) => shaped.has(name)))
      continue;
    const deciding = (own(SHAPE_INPUTS, node.opType) ?? []).map((i) => node.input[i]).filter((name) => name);
    if (!deciding.every((name) => known.has(name ?? ""))) continue;
    const isShape = node.opType === "Shape" || node.opType === "Size";
    for (const output of node.output) {
      shaped.add(output);
      if (isShape || inputs.every((name) => known.has(name))) known.add(output);
    }
    if (isShape && !node.output.some((name) => index.isOutput(name))) found.push(node);
  }
  return found;
}

/** The part of the model before the shapes, run on inputs of zeros. */
function zeroModel(
  model: ModelProto,
  index: GraphIndex,
  ports: readonly Port[],
  shapes: readonly NodeProto[],
): ModelProto {
  const needed = new Set(shapes);
  const waiting = [...shapes];
  const read = new Set<string>();
  for (let node = waiting.pop(); node; node = waiting.pop()) {
    for (const name of node.input) {
      read.add(name);
      const producer = index.producer(name);
      if (!producer || needed.has(producer)) continue;
      needed.add(producer);
      waiting.push(producer);
    }
  }
  return withFields(model, {
    graph: create(GraphProtoSchema, {
      name: "shapes",
      node: index.graph.node.filter((node) => needed.has(node)),
      initializer: [...index.graph.initializer, ...ports.map(zeros)].filter(({ name }) => read.has(name)),
      output: shapes.flatMap(({ output }) => output).map((name) => create(ValueInfoProtoSchema, { name })),
    }),
  });
}

function zeros({ name, type, dims }: Port): TensorProto {
  const shape = dims.map(Number);
  return tensorProto(name, {
    type: type as DataType,
    dims: shape,
    data: filled(type as DataType, elementCount(shape), 0),
  });
}
