import { intOf, subgraphsOf, tensorAttributeOf } from "./attributes.ts";
import { isDefaultDomain } from "./opset.ts";
import { TensorProto_DataType as Code, type GraphProto, type NodeProto, type ValueInfoProto } from "./proto/onnx_pb.ts";

/** Element types by tensor, as codes of `TensorProto.DataType`; what is not known is not there. */
export type ElementTypes = ReadonlyMap<string, Code>;

const words = (text: string) => text.split(/\s+/);

/** Operators by what their first output holds, whatever they read. */
const MAKES: ReadonlyMap<string, Code> = new Map([
  ...words("ArgMax ArgMin NonMaxSuppression NonZero SequenceLength Shape Size").map(
    (type) => [type, Code.INT64] as const,
  ),
  ...words("And Equal Greater GreaterOrEqual IsInf IsNaN Less LessOrEqual Not OptionalHasElement Or Xor").map(
    (type) => [type, Code.BOOL] as const,
  ),
  ...words("ConvInteger MatMulInteger").map((type) => [type, Code.INT32] as const),
  ...words("BlackmanWindow HammingWindow HannWindow MelWeightMatrix RandomNormal RandomUniform TfIdfVectorizer").map(
    (type) => [type, Code.FLOAT] as const,
  ),
]);

/** Outputs after the first that do not hold what the first does. */
const BESIDE: ReadonlyMap<string, Code> = new Map([
  ["Dropout", Code.BOOL],
  ["MaxPool", Code.INT64],
  ["TopK", Code.INT64],
  ["Unique", Code.INT64],
]);

/** Operators whose first output holds what an input other than the first does. */
const LIKE_INPUT: ReadonlyMap<string, number> = new Map([
  ["CastLike", 1],
  ["DequantizeLinear", 1],
  ["OneHot", 2],
  ["QuantizeLinear", 2],
  ["Where", 1],
]);

/** Attributes of ONNX's operators that say what an output holds, or what is computed in. */
export const TYPE_ATTRIBUTES = new Set(
  words("dtype output_datatype output_dtype precision softmax_precision stash_type to"),
);

const SAYS_OUTPUT = words("to dtype output_dtype output_datatype");

/** Operators of ai.onnx.ml that hand on what they read. */
const ML_LIKE_FIRST = new Set(words("ArrayFeatureExtractor Binarizer Imputer"));

/**
 * The element types of a graph's tensors as far as the file says so or they follow from the operators; `outer` has those of the
 * graphs around it.
 */
export function inferElementTypes(graph: GraphProto, outer: ElementTypes = new Map()): ElementTypes {
  const types = new Map(outer);
  const stated = new Set<string>();
  const declare = ({ name, type }: ValueInfoProto) => {
    if (type?.value.case !== "tensorType" || type.value.value.elemType === Code.UNDEFINED) return;
    types.set(name, type.value.value.elemType);
    stated.add(name);
  };
  for (const info of graph.input) declare(info);
  for (const { name, dataType } of graph.initializer) types.set(name, dataType);
  for (const { values } of graph.sparseInitializer) if (values) types.set(values.name, values.dataType);
  for (const info of [...graph.valueInfo, ...graph.output]) declare(info);
  for (const node of graph.node) {
    const made = outputTypes(node, types);
    for (const [i, name] of node.output.entries()) {
      const type = made(i);
      if (!name || stated.has(name)) continue;
      if (type === undefined) types.delete(name);
      else types.set(name, type);
    }
  }
  return types;
}

function outputTypes(node: NodeProto, types: ElementTypes): (output: number) => Code | undefined {
  const typeOf = (input: number) => types.get(node.input[input] ?? "");
  if (!isDefaultDomain(node.domain)) {
    return () => (node.domain === "ai.onnx.ml" && ML_LIKE_FIRST.has(node.opType) ? typeOf(0) : undefined);
  }
  const bodies = subgraphsOf(node);
  if (bodies.length > 0) {
    const skipped = node.opType === "Loop" ? 1 : 0;
    const inner = bodies.map((body) => ({ body, known: inferElementTypes(body, types) }));
    return (i) => {
      const found = inner.map(({ body, known }) => known.get(body.output[i + skipped]?.name ?? ""));
      return found.find((type) => type !== undefined);
    };
  }
  const first = firstType(node, typeOf);
  const beside = BESIDE.get(node.opType);
  return (i) => (i > 0 && beside !== undefined ? beside : first);
}

function firstType(node: NodeProto, typeOf: (input: number) => Code | undefined): Code | undefined {
  const { opType } = node;
  if (
    /^(Sequence|Split(ToSequence)|Concat(FromSequence)|Optional$|String|QLinear|DynamicQuantize|RegexFullMatch)/.test(
      opType,
    )
  ) {
    return MAKES.get(opType);
  }
  for (const name of SAYS_OUTPUT) {
    const said = intOf(node, name);
    if (said !== undefined && said !== 0) return said;
  }
  if (opType === "Constant" || opType === "ConstantOfShape") {
    const value = tensorAttributeOf(node, "value");
    if (value) return value.dataType;
    if (node.attribute.some(({ name }) => /^value_ints?$/.test(name))) return Code.INT64;
    return node.attribute.some(({ name }) => /^(sparse_value|value_strings?)$/.test(name)) ? undefined : Code.FLOAT;
  }
  const like = LIKE_INPUT.get(opType);
  return MAKES.get(opType) ?? typeOf(like ?? 0);
}
