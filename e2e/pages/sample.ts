import { openData } from "../../src/engine/job/data.ts";
import { observedModel } from "../../src/engine/job/observed.ts";
import { type OpenModel, openModel } from "../../src/engine/job/open.ts";
import type { Dataset } from "../../src/engine/model/dataset.ts";
import type { JobContext } from "../../src/engine/model/job.ts";
import type { ModelFile, ObservationPlan, Runtime } from "../../src/engine/model/runtime.ts";
import { browserDecoders } from "../../workers/decoders.ts";

export const quiet: JobContext = { signal: new AbortController().signal, report: () => undefined };

/** The sample project, and its model as it is observed. */
export interface OpenSample {
  readonly model: OpenModel;
  readonly dataset: Dataset;
  readonly file: ModelFile;
  readonly plan: ObservationPlan;
}

async function fetched(path: string): Promise<Uint8Array> {
  return new Uint8Array(await (await fetch(`/sample/${path}`)).arrayBuffer());
}

export async function openSample(runtime: Runtime): Promise<OpenSample> {
  const source = {
    bytes: await fetched("fashion-mnist-dw.onnx"),
    fileName: "fashion-mnist-dw.onnx",
    readBeside: async () => null,
  };
  const model = await openModel(source, { shapes: {}, values: {} }, runtime, quiet);
  const images = await fetched("calibration-images-idx3-ubyte.gz");
  const file = {
    path: "calibration-images-idx3-ubyte.gz",
    size: images.length,
    read: async (start = 0, end = images.length) => images.slice(start, end),
  };
  const { preprocess } = JSON.parse(new TextDecoder().decode(await fetched("project.json")));
  const dataset = await openData(model, [file], preprocess, browserDecoders);
  const { file: exposed, plan } = observedModel(model, dataset);
  return { model, dataset, file: exposed, plan };
}
