import { expose } from "comlink";
import mjs from "onnxruntime-web/ort-wasm-simd-threaded.asyncify.mjs?url";
import wasm from "onnxruntime-web/ort-wasm-simd-threaded.asyncify.wasm?url";
import * as ort from "onnxruntime-web/webgpu";
import { openData } from "../../../src/engine/job/data.ts";
import { evaluateModels } from "../../../src/engine/job/evaluate.ts";
import { openModel, runnable } from "../../../src/engine/job/open.ts";
import type { OutputError } from "../../../src/engine/model/evaluation.ts";
import type { Runtime } from "../../../src/engine/model/runtime.ts";
import { decodeModel } from "../../../src/engine/onnx/decode.ts";
import { ortRuntime } from "../../../src/engine/runtime/onnxruntime.ts";
import { browserDecoders } from "../../../workers/decoders.ts";
import { executorRuntime } from "../../../workers/executor.ts";

export type JudgedOn = "wasm" | "webgpu";

/** What WebGPU has no kernel for runs on the processor. */
function webgpuRuntime(): Runtime {
  ort.env.wasm.wasmPaths = { wasm, mjs };
  ort.env.wasm.numThreads = 1;
  return ortRuntime(ort, { label: "onnxruntime-web, WebGPU", maxThreads: 1, provider: "webgpu" });
}

const context = { signal: new AbortController().signal, report: () => undefined };

async function bytesOf(file: File): Promise<Uint8Array> {
  return new Uint8Array(await file.arrayBuffer());
}

const api = {
  async outputs(
    provider: JudgedOn,
    float: File,
    quantized: File,
    samples: readonly File[],
  ): Promise<readonly OutputError[]> {
    const runtime = provider === "wasm" ? executorRuntime() : webgpuRuntime();
    const source = { bytes: await bytesOf(float), fileName: float.name, readBeside: async () => null };
    const model = await openModel(source, { shapes: {}, values: {} }, runtime, context);
    const files = samples.map((file) => ({
      path: file.name,
      size: file.size,
      read: async (start = 0, end = file.size) => new Uint8Array(await file.slice(start, end).arrayBuffer()),
    }));
    const dataset = await openData(model, files, null, browserDecoders);
    const job = {
      float: { file: runnable(model.original), bytes: float.size },
      quantized: { file: runnable(decodeModel(await bytesOf(quantized), quantized.name)), bytes: quantized.size },
      ...{ skip: 0, samples: dataset.length, limit: 1, machine: "" },
    };
    return (await evaluateModels(job, dataset, runtime, context)).outputs;
  },
};

export type JudgeApi = typeof api;
expose(api);
