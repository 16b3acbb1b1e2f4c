import { create } from "@bufbuild/protobuf";
import { TensorProto_DataType as Code, type ModelProto, ValueInfoProtoSchema } from "../onnx/proto/onnx_pb.ts";
import { rawLength } from "../onnx/tensorBytes.ts";
import { graphOf, withGraph } from "./pass.ts";

/** Weights of at least so many bytes are left out of a model that is loaded for its types. */
const LARGE_BYTES = 64 * 1024;

/** The model with more of its tensors as outputs, after its own: ONNX Runtime needs a name only, and infers the type. */
export function exposeOutputs(model: ModelProto, tensorNames: readonly string[]): ModelProto {
  const { output } = graphOf(model);
  const present = new Set(output.map(({ name }) => name));
  const added = tensorNames.filter((name) => !present.has(name));
  return withGraph(model, { output: [...output, ...added.map((name) => create(ValueInfoProtoSchema, { name }))] });
}

/**
 * The model with its large float32 weights as inputs of their shapes, after its own: no type or shape follows from their
 * values, and a runtime that is asked for types alone need not be given them.
 */
export function weightsAsInputs(model: ModelProto): ModelProto {
  const { input, initializer } = graphOf(model);
  const declared = new Set(input.map(({ name }) => name));
  const large = initializer.filter(
    (tensor) => tensor.dataType === Code.FLOAT && rawLength(tensor) >= LARGE_BYTES && !declared.has(tensor.name),
  );
  const inputs = large.map(({ name, dataType, dims }) => {
    const shape = { dim: dims.map((value) => ({ value: { case: "dimValue" as const, value } })) };
    const type = { value: { case: "tensorType" as const, value: { elemType: dataType, shape } } };
    return create(ValueInfoProtoSchema, { name, type });
  });
  const taken = new Set(large);
  return withGraph(model, {
    input: [...input, ...inputs],
    initializer: initializer.filter((tensor) => !taken.has(tensor)),
  });
}
