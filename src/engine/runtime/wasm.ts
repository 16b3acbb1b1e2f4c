import * as ort from "onnxruntime-web/wasm";
import type { Runtime } from "../model/runtime.ts";
import { ortRuntime } from "./onnxruntime.ts";

/** Where the WASM build lies; the production build must not reload the worker's own chunk for its threads. */
export interface WasmFiles {
  readonly wasm: string;
  readonly mjs: string;
}

/** ONNX Runtime's WASM SIMD build. `threads` is what the page allows: 1 unless it is cross-origin isolated. */
export function wasmRuntime(files: WasmFiles, threads: number): Runtime {
  ort.env.wasm.wasmPaths = { wasm: files.wasm, mjs: files.mjs };
  ort.env.wasm.numThreads = threads;
  return ortRuntime(ort, {
    label: `onnxruntime-web ${ort.env.versions.web}, WASM SIMD`,
    maxThreads: threads,
    provider: "wasm",
  });
}
