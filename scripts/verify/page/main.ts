import { wrap } from "comlink";
import mjs from "onnxruntime-web/ort-wasm-simd-threaded.asyncify.mjs?url";
import wasm from "onnxruntime-web/ort-wasm-simd-threaded.asyncify.wasm?url";
import type { OutputError } from "../../../src/engine/model/evaluation.ts";
import type { JudgeApi, JudgedOn } from "./judge.worker.ts";

function chosen(id: string): File[] {
  return [...(document.querySelector<HTMLInputElement>(`#${id}`)?.files ?? [])];
}

const judge = {
  /** How close the chosen quantized file is to the float one on the chosen samples, both on the same provider of ONNX Runtime. */
  outputs(provider: JudgedOn): Promise<readonly OutputError[]> {
    const worker = new Worker(new URL("./judge.worker.ts", import.meta.url), { type: "module" });
    const [float, quantized] = [chosen("float")[0]!, chosen("quantized")[0]!];
    return wrap<JudgeApi>(worker).outputs(provider, float, quantized, chosen("samples"));
  },
  /** Starts the chosen quantized file on WebGPU; ONNX Runtime then writes to the console where it puts each node. */
  async place(): Promise<void> {
    const ort = await import("onnxruntime-web/webgpu");
    ort.env.wasm.wasmPaths = { wasm, mjs };
    ort.env.wasm.numThreads = 1;
    ort.env.logLevel = "verbose";
    const model = new Uint8Array(await chosen("quantized")[0]!.arrayBuffer());
    const session = await ort.InferenceSession.create(model, {
      executionProviders: ["webgpu"],
      logSeverityLevel: 0,
      logVerbosityLevel: 0,
    });
    await session.release();
  },
};

export type PageJudge = typeof judge;
Object.assign(window, { judge });
