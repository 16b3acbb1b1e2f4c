import { setWasmPaths } from "@tensorflow/tfjs-backend-wasm";
import { env } from "@tensorflow/tfjs-core";
import type { BlockLearner } from "../model/finetuning.ts";
import { tfjsLearner } from "./learner.ts";

/** The address or path of tfjs's WASM module with SIMD, and of the one without. */
export interface WasmFiles {
  readonly simd: string;
  readonly plain: string;
}

/** Learns in WASM, on one thread: tfjs's threaded module starts neither in Node nor once it is minified. */
export function wasmLearner({ simd, plain }: WasmFiles): Promise<BlockLearner> {
  env().set("WASM_HAS_MULTITHREAD_SUPPORT", false);
  setWasmPaths({
    "tfjs-backend-wasm-simd.wasm": simd,
    "tfjs-backend-wasm.wasm": plain,
    "tfjs-backend-wasm-threaded-simd.wasm": "never asked for",
  });
  return tfjsLearner({ name: "wasm", label: "WASM" });
}
