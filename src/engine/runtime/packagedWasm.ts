import * as ort from "onnxruntime-web/wasm";
import type { Runtime } from "../model/runtime.ts";
import { ortRuntime } from "./onnxruntime.ts";

/**
 * ONNX Runtime's WASM SIMD build where its package finds its own files: in Node, and in pages that use the library. `threads` above 1
 * takes a cross-origin isolated page; in Node it is 1.
 */
export function packagedWasm(threads: number): Runtime {
  ort.env.wasm.numThreads = threads;
  return ortRuntime(ort, {
    label: `onnxruntime-web ${ort.env.versions.web}, WASM SIMD`,
    maxThreads: threads,
    provider: "wasm",
  });
}
