import mjs from "onnxruntime-web/ort-wasm-simd-threaded.asyncify.mjs?url";
import wasm from "onnxruntime-web/ort-wasm-simd-threaded.asyncify.wasm?url";
import { gpuObserverSession } from "../../src/engine/calibration/gpu/observerSession.ts";
import { joinFeeds } from "../../src/engine/data/joinFeeds.ts";
import { toModelFile } from "../../src/engine/onnx/runtimeFile.ts";
import { webgpuRuntime } from "../../src/engine/runtime/webgpu.ts";
import { openDevice } from "../../src/engine/runtime/webgpuDevice.ts";
import type { OpenSample } from "./sample.ts";

const WARM_UP = 3;

/** Milliseconds of each run of `batch` samples, by turns: the model as its author wrote it, and observed. */
export interface GpuTimes {
  readonly label: string;
  readonly plain: readonly number[];
  readonly observed: readonly number[];
  /** Of fetching the statistics of all those runs, once. */
  readonly take: number;
}

export async function timeSample(sample: OpenSample, batch: number, runs: number): Promise<GpuTimes> {
  const { device, info } = await openDevice();
  const runtime = webgpuRuntime({ wasm, mjs }, device, info);
  const plain = await runtime.createSession(toModelFile(sample.model.original));
  const observer = await gpuObserverSession(await runtime.createSession(sample.file), sample.plan);
  const outputs = plain.outputs.map(({ name }) => name);
  const indices = Array.from({ length: batch }, (_, i) => i);
  const samples = await Promise.all(indices.map((i) => sample.dataset.get(i)));
  const feeds = joinFeeds(samples.map((each) => each.feeds));
  const times = { plain: [] as number[], observed: [] as number[] };
  const timed = async (work: () => Promise<unknown>): Promise<number> => {
    const start = performance.now();
    await work();
    return performance.now() - start;
  };
  for (let run = -WARM_UP; run < runs; run++) {
    const own = await timed(async () => {
      await plain.run(feeds, outputs, () => undefined);
      await device.queue.onSubmittedWorkDone();
    });
    const observed = await timed(() => observer.observe(feeds, indices));
    if (run < 0) continue;
    times.plain.push(own);
    times.observed.push(observed);
  }
  const take = await timed(() => observer.take());
  await observer.dispose();
  await plain.dispose();
  device.destroy();
  return { label: runtime.label, ...times, take };
}
