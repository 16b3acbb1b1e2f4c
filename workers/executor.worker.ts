import { expose, transfer } from "comlink";
import mjs from "onnxruntime-web/ort-wasm-simd-threaded.mjs?url";
import wasm from "onnxruntime-web/ort-wasm-simd-threaded.wasm?url";
import { openObserving } from "../src/engine/calibration/observing.ts";
import { type PackedStatistics, packStatistics } from "../src/engine/calibration/packedStatistics.ts";
import { release } from "../src/engine/model/release.ts";
import type {
  ModelFile,
  NodeTime,
  ObservationPlan,
  ObserverSession,
  Runtime,
  Session,
} from "../src/engine/model/runtime.ts";
import type { Port, Tensor } from "../src/engine/model/tensor.ts";
import { wasmRuntime } from "../src/engine/runtime/wasm.ts";
import { holdLifeline } from "./lifeline.ts";
import entry from "./ortEntry.mjs?url&no-inline";

interface CreatedSession {
  readonly id: number;
  readonly label: string;
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
}

/** One ONNX Runtime, with the number of threads of its first session, and its sessions and observers by number. */
export interface ExecutorApi {
  createSession(model: ModelFile, threads: number, optimize: boolean, profile: boolean): Promise<CreatedSession>;
  /** Of a session that keeps a profile. */
  nodeTimes(id: number): Promise<readonly NodeTime[]>;
  run(
    id: number,
    feeds: ReadonlyMap<string, Tensor>,
    fetches?: readonly string[],
  ): Promise<{ readonly outputs: ReadonlyMap<string, Tensor>; readonly time: number }>;
  disposeSession(id: number): Promise<void>;
  createObserver(
    pieces: readonly ModelFile[],
    plan: ObservationPlan,
    threads: number,
  ): Promise<{ readonly id: number; readonly label: string }>;
  /** Returns what the run took, in milliseconds: tensors stay here. */
  observe(id: number, feeds: ReadonlyMap<string, Tensor>, samples: readonly number[]): Promise<number>;
  take(id: number): Promise<PackedStatistics>;
  disposeObserver(id: number): Promise<void>;
}

const sessions = new Map<number, Session>();
const observers = new Map<number, ObserverSession>();
let runtime: Runtime | null = null;
let nextId = 1;

function session(id: number): Session {
  const found = sessions.get(id);
  if (!found) throw new Error(`There is no session ${id}.`);
  return found;
}

function observer(id: number): ObserverSession {
  const found = observers.get(id);
  if (!found) throw new Error(`There is no observer ${id}.`);
  return found;
}

function runtimeFor(threads: number): Runtime {
  runtime ??= wasmRuntime({ wasm, mjs }, entry, threads);
  return runtime;
}

const api: ExecutorApi = {
  async createSession(model, threads, optimize, profile) {
    const { label, createSession } = runtimeFor(threads);
    const created = await createSession(model, { threads, optimize, profile });
    const id = nextId++;
    sessions.set(id, created);
    return { id, label, inputs: created.inputs, outputs: created.outputs };
  },
  async createObserver(pieces, plan, threads) {
    const runtime = runtimeFor(threads);
    const id = nextId++;
    observers.set(id, await openObserving(runtime, pieces, plan, threads));
    return { id, label: runtime.label };
  },
  async observe(id, feeds, samples) {
    const observing = observer(id);
    await observing.observe(feeds, samples);
    release(feeds.values());
    return observing.lastRunTime;
  },
  async take(id) {
    const statistics = packStatistics(await observer(id).take());
    return transfer(statistics, [statistics.counts.buffer]);
  },
  async disposeObserver(id) {
    await observer(id).dispose();
    observers.delete(id);
  },
  async run(id, feeds, fetches) {
    const running = session(id);
    const outputs = await running.run(feeds, fetches);
    const buffers = new Set([...outputs.values()].map(({ data }) => data.buffer as ArrayBuffer));
    return transfer({ outputs, time: running.lastRunTime }, [...buffers]);
  },
  nodeTimes: async (id) => (await session(id).nodeTimes?.()) ?? [],
  async disposeSession(id) {
    await session(id).dispose();
    sessions.delete(id);
  },
};

holdLifeline();
expose(api);
