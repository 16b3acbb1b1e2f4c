import { availableParallelism } from "node:os";
import * as ort from "onnxruntime-node";
import type { Runtime } from "../model/runtime.ts";
import { ortRuntime } from "./onnxruntime.ts";

/** ONNX Runtime's native CPU build, for the command line and the tests. */
export function nodeRuntime(): Runtime {
  return ortRuntime(ort, {
    label: `onnxruntime-node ${ort.env.versions.node}, CPU`,
    maxThreads: availableParallelism(),
    provider: "cpu",
  });
}
