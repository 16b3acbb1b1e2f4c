import { type Remote, releaseProxy, wrap } from "comlink";
import { Lifetime } from "../src/engine/model/lifetime.ts";
import {
  type Accelerator,
  AcceleratorLost,
  type ModelFile,
  type ObservationPlan,
  type ObserverSession,
} from "../src/engine/model/runtime.ts";
import { isSoftware, webgpuAdapter, webgpuLabel } from "../src/engine/runtime/webgpuDevice.ts";
import type { AcceleratorApi } from "./accelerator.worker.ts";
import { lockReleased, notLoaded } from "./lifeline.ts";

interface Opened {
  readonly session: ObserverSession;
  readonly label: string;
}

/**
 * WebGPU where the browser has it: each observer in a worker of its own, which ends with it, since ONNX Runtime's memory
 * never shrinks and a run that hangs can be ended in no other way.
 */
export async function webgpuAccelerator(): Promise<Accelerator> {
  const { info } = await webgpuAdapter();
  const ends = new Set<() => void>();
  let label = webgpuLabel("", info);
  return {
    get label() {
      return label;
    },
    provider: "webgpu",
    software: isSoftware(info),
    async createObserver(model, plan) {
      const opened = await open(model, plan, ends);
      label = opened.label;
      return opened.session;
    },
    end() {
      for (const end of ends) end();
    },
  };
}

async function open(model: ModelFile, plan: ObservationPlan, ends: Set<() => void>): Promise<Opened> {
  const name = `octet-accelerator-${crypto.randomUUID()}`;
  const worker = new Worker(new URL("./accelerator.worker.ts", import.meta.url), { type: "module", name });
  const api = wrap<AcceleratorApi>(worker);
  const life = new Lifetime();
  void lockReleased(worker, name).then((ending) =>
    life.end(
      new AcceleratorLost(
        ending === "unloaded"
          ? notLoaded("ONNX Runtime for WebGPU").message
          : "WebGPU's worker ended, perhaps for want of memory.",
      ),
    ),
  );
  const end = () => {
    if (!ends.delete(end)) return;
    worker.terminate();
    api[releaseProxy]();
    life.end(new AcceleratorLost("WebGPU was ended."));
  };
  ends.add(end);
  const ask = async <T>(question: (remote: Remote<AcceleratorApi>) => Promise<T>): Promise<T> => {
    try {
      return await life.within(() => question(api));
    } catch (error) {
      throw error instanceof AcceleratorLost ? error : new AcceleratorLost((error as Error).message);
    }
  };
  let label: string;
  try {
    label = await ask((remote) => remote.open(model, plan));
  } catch (error) {
    end();
    throw error;
  }
  let lastRunTime = Number.NaN;
  const session: ObserverSession = {
    get lastRunTime() {
      return lastRunTime;
    },
    async observe(feeds, samples) {
      lastRunTime = await ask((remote) => remote.observe(feeds, samples));
    },
    take: () => ask((remote) => remote.take()),
    async dispose() {
      end();
    },
  };
  return { session, label };
}
