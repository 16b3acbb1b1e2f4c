import { intAttribute, intOf, makeNode, tensorAttributeOf } from "../onnx/attributes.ts";
import { withFields } from "../onnx/messages.ts";
import { isDefaultDomain } from "../onnx/opset.ts";
import {
  TensorProto_DataType as Code,
  type GraphProto,
  type ModelProto,
  type NodeProto,
} from "../onnx/proto/onnx_pb.ts";
import { graphOf, type PassResult, withGraph } from "./pass.ts";

/** Operators whose first output is of the type of their first input. */
const KEEPING = new Set(
  `Abs Add AveragePool BatchNormalization Ceil Celu Clip Concat Conv ConvTranspose Cos CumSum DepthToSpace Div Dropout Einsum
  Elu Erf Exp Expand Flatten Floor Gather GatherElements GatherND Gelu Gemm GlobalAveragePool GlobalMaxPool HardSigmoid
  HardSwish Identity InstanceNormalization LayerNormalization LeakyRelu Log LogSoftmax MatMul Max MaxPool Mean Min Mish Mod
  Mul Neg PRelu Pad Pow Reciprocal ReduceL1 ReduceL2 ReduceMax ReduceMean ReduceMin ReduceProd ReduceSum ReduceSumSquare Relu
  Reshape Resize Round ScatterElements ScatterND Selu Sigmoid Sign Sin Slice Softmax Softplus Softsign SpaceToDepth Split
  Sqrt Squeeze Sub Sum Tanh Tile Transpose Trilu Unsqueeze`.split(/\s+/),
);

const COUNTING = new Set("ArgMax ArgMin NonZero Shape Size".split(" "));

/** Writes each CastLike whose types are known as a Cast, or drops it where it changes nothing: it then folds, and hides no constant. */
export function castsLike(model: ModelProto): PassResult {
  const graph = graphOf(model);
  if (!graph.node.some(isCastLike)) return { model, changes: [] };
  const types = typesOf(graph);
  let count = 0;
  const node = graph.node.map((each) => {
    const to = isCastLike(each) ? types.get(each.input[1] ?? "") : undefined;
    if (to === undefined) return each;
    count++;
    const input = each.input.slice(0, 1);
    if (types.get(input[0] ?? "") === to) return makeNode("Identity", input, each.output, { name: each.name });
    const attribute = [...each.attribute, intAttribute("to", to)];
    return withFields(each, { opType: "Cast", input, attribute });
  });
  if (count === 0) return { model, changes: [] };
  return {
    model: withGraph(model, { node }),
    changes: [{ count, noun: "CastLike layer", what: "given its type", generation: 2 }],
  };
}

function isCastLike({ opType, domain }: NodeProto): boolean {
  return opType === "CastLike" && isDefaultDomain(domain);
}

/** The element types that follow from those of inputs and initialisers, as `TensorProto.DataType` codes. */
function typesOf({ input, initializer, node }: GraphProto): ReadonlyMap<string, number> {
  const types = new Map(initializer.map(({ name, dataType }) => [name, dataType]));
  for (const { name, type } of input) {
    if (type?.value.case === "tensorType") types.set(name, type.value.value.elemType);
  }
  for (const each of node) {
    const made = isDefaultDomain(each.domain) ? typeMade(each, types) : undefined;
    const outputs = each.opType === "Split" ? each.output : each.output.slice(0, 1);
    if (made !== undefined) for (const name of outputs) types.set(name, made);
  }
  return types;
}

function typeMade(node: NodeProto, types: ReadonlyMap<string, number>): number | undefined {
  const { opType, input } = node;
  if (KEEPING.has(opType)) return types.get(input[0] ?? "");
  if (COUNTING.has(opType)) return Code.INT64;
  switch (opType) {
    case "Cast":
      return intOf(node, "to");
    case "CastLike":
    case "Where":
      return types.get(input[1] ?? "");
    case "ConstantOfShape":
      return tensorAttributeOf(node, "value")?.dataType ?? Code.FLOAT;
    default:
      return undefined;
  }
}
