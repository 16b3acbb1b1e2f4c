import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import type { Learner } from "../src/engine/model/rounding.ts";

/** tfjs in WebAssembly, loaded when it is first asked for. */
export async function nodeLearner(): Promise<Learner> {
  const { wasmLearner } = await import("../src/engine/learning/wasm.ts");
  const folder = dirname(createRequire(import.meta.url).resolve("@tensorflow/tfjs-backend-wasm"));
  return wasmLearner({
    simd: join(folder, "tfjs-backend-wasm-simd.wasm"),
    plain: join(folder, "tfjs-backend-wasm.wasm"),
  });
}
