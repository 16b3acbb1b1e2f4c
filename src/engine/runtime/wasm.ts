import * as ort from "onnxruntime-web/wasm";
import type { Runtime } from "../model/runtime.ts";
import { ortRuntime } from "./onnxruntime.ts";
import { type OrtModule, OutputTap } from "./outputTap.ts";
import { PrintedProfile } from "./printedProfile.ts";

/** Where the WASM build lies; the production build must not reload the worker's own chunk for its threads. */
export interface WasmFiles {
  readonly wasm: string;
  readonly mjs: string;
}

declare global {
  var createOrtModule: ((config: object) => Promise<OrtModule>) | undefined;
}

/**
 * ONNX Runtime's WASM SIMD build, once for each worker. `threads` is what the page allows: 1 unless it is cross-origin
 * isolated. `entry` is the address of workers/ortEntry.mjs.
 */
export function wasmRuntime(files: WasmFiles, entry: string, threads: number): Runtime {
  const tap = new OutputTap();
  const profile = new PrintedProfile();
  const isNode = "process" in globalThis;
  globalThis.createOrtModule = async (config) => {
    const loaded = (await import(/* @vite-ignore */ files.mjs)) as { default(config: object): Promise<OrtModule> };
    return tap.into(await profile.starting(() => loaded.default(config)));
  };
  ort.env.wasm.wasmPaths = { wasm: files.wasm, mjs: entry };
  ort.env.wasm.numThreads = threads;
  return ortRuntime(ort, {
    label: `onnxruntime-web ${ort.env.versions.web}, WASM SIMD`,
    maxThreads: threads,
    provider: "wasm",
    tap,
    ...(!isNode && { profile }),
  });
}
