import { parentPort } from "node:worker_threads";
import { expose, transfer } from "comlink";
import nodeEndpoint from "comlink/dist/esm/node-adapter.mjs";
import { largeBuffers, openObserving } from "../src/engine/calibration/observing.ts";
import { release } from "../src/engine/model/release.ts";
import type { ObservationPlan, ObserverSession } from "../src/engine/model/runtime.ts";
import type { Statistics } from "../src/engine/model/statistics.ts";
import type { Tensor } from "../src/engine/model/tensor.ts";
import { nodeOrWasm } from "../src/engine/runtime/nodeOrWasm.ts";
import { type HandedOver, takeOver } from "./handedOver.ts";

/** ONNX Runtime in a thread of its own, and one model at a time that it observes. */
export interface ExecutorApi {
  open(pieces: readonly HandedOver[], plan: ObservationPlan, threads: number): Promise<void>;
  /** Returns what the run took, in milliseconds. */
  observe(feeds: ReadonlyMap<string, Tensor>, samples: readonly number[]): Promise<number>;
  take(): Promise<Statistics>;
  close(): Promise<void>;
}

const { runtime } = await nodeOrWasm();
let session: ObserverSession;

const api: ExecutorApi = {
  async open(pieces, plan, threads) {
    session = await openObserving(runtime, pieces.map(takeOver), plan, threads);
  },
  async observe(feeds, samples) {
    await session.observe(feeds, samples);
    release(feeds.values());
    return session.lastRunTime;
  },
  async take() {
    const statistics = await session.take();
    return transfer(statistics, largeBuffers(statistics));
  },
  close: () => session.dispose(),
};

if (!parentPort) throw new Error("this file is the script of a worker");
expose(api, nodeEndpoint(parentPort));
parentPort.postMessage("ready");
