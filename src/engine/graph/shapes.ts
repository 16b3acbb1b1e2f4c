import { create } from "@bufbuild/protobuf";
import type { ModelProto } from "../onnx/proto/onnx_pb.ts";
import { ValueInfoProtoSchema } from "../onnx/proto/onnx_pb.ts";
import { graphOf, withGraph } from "./pass.ts";

/** The model with more of its tensors as outputs, after its own: ONNX Runtime needs a name only, and infers the type. */
export function exposeOutputs(model: ModelProto, tensorNames: readonly string[]): ModelProto {
  const { output } = graphOf(model);
  const present = new Set(output.map(({ name }) => name));
  const added = tensorNames.filter((name) => !present.has(name));
  return withGraph(model, { output: [...output, ...added.map((name) => create(ValueInfoProtoSchema, { name }))] });
}
