import "./telemetry.ts";
import { availableParallelism } from "node:os";
import type { Runtime } from "../model/runtime.ts";
import { ortRuntime } from "./onnxruntime.ts";

const ort = await import("onnxruntime-node");

/** ONNX Runtime's native CPU build, for the command line and the tests; silent where the main thread imports this too. */
export function nodeRuntime(): Runtime {
  return ortRuntime(ort, {
    label: `onnxruntime-node ${ort.env.versions.node}, CPU`,
    maxThreads: availableParallelism(),
    provider: "cpu",
    opensFiles: true,
  });
}
