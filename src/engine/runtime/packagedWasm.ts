import type { Runtime } from "../model/runtime.ts";
import { type OrtApi, ortRuntime } from "./onnxruntime.ts";

/** What a module of onnxruntime-web holds, as far as it is used. */
export interface WasmPackage {
  readonly InferenceSession: unknown;
  readonly Tensor: unknown;
  readonly env: { readonly versions: { readonly web?: string }; readonly wasm: { numThreads?: number } };
}

/** `packagedWasm` over a module that was imported elsewhere: `import * as ort from "onnxruntime-web/wasm"`. */
export function wasmOver(ort: WasmPackage, threads = 1): Runtime {
  ort.env.wasm.numThreads = threads;
  return ortRuntime(ort as unknown as OrtApi, {
    label: `onnxruntime-web ${ort.env.versions.web}, WASM SIMD`,
    maxThreads: threads,
    provider: "wasm",
  });
}

/**
 * ONNX Runtime's WASM SIMD build where its package finds its own files: in Node, and in pages that use the library. `threads` above 1
 * takes a cross-origin isolated page; in Node it is 1.
 */
export async function packagedWasm(threads: number): Promise<Runtime> {
  return wasmOver(await import("onnxruntime-web/wasm"), threads);
}
