import { expose } from "comlink";
import { openData } from "../../../src/engine/job/data.ts";
import { evaluateModels } from "../../../src/engine/job/evaluate.ts";
import { openModel, runnable } from "../../../src/engine/job/open.ts";
import type { OutputError } from "../../../src/engine/model/evaluation.ts";
import { decodeModel } from "../../../src/engine/onnx/decode.ts";
import { browserDecoders } from "../../../workers/decoders.ts";
import { executorRuntime } from "../../../workers/executor.ts";

const context = { signal: new AbortController().signal, report: () => undefined };

async function bytesOf(file: File): Promise<Uint8Array> {
  return new Uint8Array(await file.arrayBuffer());
}

const api = {
  async outputs(float: File, quantized: File, samples: readonly File[]): Promise<readonly OutputError[]> {
    const runtime = executorRuntime();
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
