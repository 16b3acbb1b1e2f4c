import type { JobContext } from "../../model/job.ts";
import { concat, encodeModel } from "../../onnx/encode.ts";
import type { ModelProto } from "../../onnx/proto/onnx_pb.ts";
import { Project } from "../../project/project.ts";
import { nodeRuntime } from "../../runtime/node.ts";

export const native = nodeRuntime();
export const context: JobContext = { signal: new AbortController().signal, report: () => undefined };

/** A model as the doors open it, on ONNX Runtime's native build alone; `state` says which output an input takes on. */
export function openProject(model: ModelProto, state: Readonly<Record<string, string>> = {}): Promise<Project> {
  const environment = { runtimes: { main: native, accelerator: null }, decoders: null, machine: "here" };
  return Project.open(
    { bytes: concat(encodeModel(model)), fileName: "net.onnx", readBeside: async () => null },
    { shapes: {}, values: {}, state },
    environment as never,
    context,
  );
}
