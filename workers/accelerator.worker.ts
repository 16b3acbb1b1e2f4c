import { expose } from "comlink";
import mjs from "onnxruntime-web/ort-wasm-simd-threaded.asyncify.mjs?url";
import wasm from "onnxruntime-web/ort-wasm-simd-threaded.asyncify.wasm?url";
import { gpuObserverSession } from "../src/engine/calibration/gpu/observerSession.ts";
import type { ModelFile, ObservationPlan, ObserverSession } from "../src/engine/model/runtime.ts";
import type { Statistics } from "../src/engine/model/statistics.ts";
import type { Tensor } from "../src/engine/model/tensor.ts";
import { webgpuRuntime } from "../src/engine/runtime/webgpu.ts";
import { openDevice } from "../src/engine/runtime/webgpuDevice.ts";
import { webgpuFailure } from "../src/engine/runtime/webgpuFailure.ts";
import { holdLifeline } from "./lifeline.ts";

/** ONNX Runtime on WebGPU and one model that it observes. Rejects with AcceleratorLost. */
export interface AcceleratorApi {
  /** Returns the runtime's label. */
  open(model: ModelFile, plan: ObservationPlan): Promise<string>;
  /** Returns what the run took, in milliseconds. */
  observe(feeds: ReadonlyMap<string, Tensor>, samples: readonly number[]): Promise<number>;
  take(): Promise<Statistics>;
}

let session: ObserverSession | null = null;

async function told<T>(work: (opened: ObserverSession) => Promise<T>): Promise<T> {
  try {
    if (!session) throw new Error("no model is open");
    return await work(session);
  } catch (error) {
    throw webgpuFailure(error);
  }
}

const api: AcceleratorApi = {
  async open(model, plan) {
    try {
      const { device, info } = await openDevice();
      const runtime = webgpuRuntime({ wasm, mjs }, device, info);
      session = await gpuObserverSession(await runtime.createSession(model), plan);
      return runtime.label;
    } catch (error) {
      throw webgpuFailure(error);
    }
  },
  observe: (feeds, samples) =>
    told(async (opened) => {
      await opened.observe(feeds, samples);
      return opened.lastRunTime;
    }),
  take: () => told((opened) => opened.take()),
};

holdLifeline();
expose(api);
