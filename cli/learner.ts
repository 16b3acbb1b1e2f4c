import type { BlockLearner } from "../src/engine/model/finetuning.ts";
import { packageFile } from "./packageFile.ts";

/** tfjs in WebAssembly, loaded when it is first asked for. */
export async function nodeLearner(): Promise<BlockLearner> {
  const { wasmLearner } = await import("../src/engine/learning/wasm.ts");
  return wasmLearner({
    simd: packageFile("@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm"),
    plain: packageFile("@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm.wasm"),
  });
}
