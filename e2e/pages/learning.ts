import plain from "@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm.wasm?url";
import simd from "@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm?url";
import { type Remote, wrap } from "comlink";
import { wasmLearner } from "../../src/engine/learning/wasm.ts";
import { openContext } from "../../src/engine/learning/webglContext.ts";
import { webgpuLearner } from "../../src/engine/learning/webgpu.ts";
import type { TunedBlock } from "../../src/engine/model/finetuning.ts";
import type { GpuRuntime } from "../../src/engine/model/gpu.ts";
import type { LearnedRounding } from "../../src/engine/model/rounding.ts";
import type { OpenSample } from "./sample.ts";
import { learn, tune } from "./tinyLayers.ts";
import type { WebglApi } from "./webgl.worker.ts";

/** Learns tiny layers, and tunes a block of them, on the device that ONNX Runtime computes on, before and after a run of it, and in WASM. */
export async function learnBeside(runtime: GpuRuntime, { dataset, file }: OpenSample, iterations: number) {
  const session = await runtime.createSession(file);
  const { feeds } = await dataset.get(0);
  const watched = session.outputs.map(({ name }) => name).slice(0, 1);
  let runs = 0;
  const run = () => session.run(feeds, watched, () => runs++);
  await run();
  const gpu = await webgpuLearner(runtime.device, runtime.info);
  const onGpu = [await learn(gpu, iterations), await tune(gpu, iterations)] as const;
  await run();
  await session.dispose();
  return { runs, label: gpu.label, ...(await besideWasm(...onGpu, iterations)) };
}

/** Layers that were learned, and a block that was tuned, beside the same in WASM. */
async function besideWasm(layers: readonly LearnedRounding[], block: TunedBlock, iterations: number) {
  const learner = await wasmLearner({ simd, plain });
  const wasm = await learn(learner, iterations);
  return { layers: sideBySide(layers, wasm), block: { gpu: block, wasm: await tune(learner, iterations) } };
}

function sideBySide(gpu: readonly LearnedRounding[], wasm: readonly LearnedRounding[]) {
  const lossesOf = ({ nearest, learned, curve }: LearnedRounding) => ({ nearest, learned, first: curve[0]!.loss });
  return gpu.map((layer, at) => ({ gpu: lossesOf(layer), wasm: lossesOf(wasm[at]!) }));
}

/** Calls a worker that has a WebGL context, and ends it. */
async function onWebgl<T>(call: (api: Remote<WebglApi>) => Promise<T>): Promise<T> {
  const worker = new Worker(new URL("./webgl.worker.ts", import.meta.url), { type: "module" });
  try {
    return await call(wrap<WebglApi>(worker));
  } finally {
    worker.terminate();
  }
}

/** Learns tiny layers, and tunes a block of them, with WebGL in a worker and in WASM. */
export async function learnOnWebgl(iterations: number) {
  const { label, layers, block } = await onWebgl((api) => api.learn(iterations));
  return { label, ...(await besideWasm(layers, block, iterations)) };
}

/** What is said where WebGL is not to be learned with: half floats, an error while it learns, a renderer in software. */
export async function webglRefusals(): Promise<readonly string[]> {
  const failures = [
    onWebgl((api) => api.learnInHalfFloats()),
    onWebgl((api) => api.learnWithError()),
    Promise.resolve().then(openContext),
  ];
  return (await Promise.allSettled(failures)).map((each) =>
    each.status === "rejected" ? String(each.reason) : "none",
  );
}

/** What is said where the device reports an error beside what was asked of it. */
export async function webgpuRefusal(device: GPUDevice, info: GPUAdapterInfo): Promise<string> {
  const learner = await webgpuLearner(device, info);
  device.createBuffer({ size: 4, usage: 0 });
  return learn(learner, 1).then(() => "none", String);
}
