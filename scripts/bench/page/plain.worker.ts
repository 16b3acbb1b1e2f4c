import { expose } from "comlink";
import { openData } from "../../../src/engine/job/data.ts";
import { type OpenModel, openModel } from "../../../src/engine/job/open.ts";
import type { Preset } from "../../../src/engine/model/preprocess.ts";
import { browserDecoders } from "../../../workers/decoders.ts";
import { executorRuntime } from "../../../workers/executor.ts";
import type { PathFile } from "../../../workers/protocol.ts";
import { plainInference } from "../plain.ts";

const context = { signal: new AbortController().signal, report: () => undefined };
const runtimes = [executorRuntime()];
let model: OpenModel | null = null;

const api = {
  async open({ file, path }: PathFile): Promise<void> {
    const bytes = new Uint8Array(await file.arrayBuffer());
    const source = { bytes, fileName: path, readBeside: async () => null };
    model = await openModel(source, { shapes: {}, values: {} }, runtimes[0]!, context);
  },
  async run(files: readonly PathFile[], preset: Preset, samples: number, workers: number, threads: number) {
    if (!model) throw new Error("no model is open");
    while (runtimes.length < workers) runtimes.push(executorRuntime());
    const sources = files.map(({ path, file }) => ({
      path,
      size: file.size,
      read: async (start = 0, end = file.size) => new Uint8Array(await file.slice(start, end).arrayBuffer()),
    }));
    const dataset = await openData(model, sources, preset, browserDecoders);
    return plainInference(model, dataset, samples, runtimes.slice(0, workers), threads);
  },
};

export type PlainApi = typeof api;
expose(api);
