import { expose, transfer } from "comlink";
import mjs from "onnxruntime-web/ort-wasm-simd-threaded.mjs?url";
import wasm from "onnxruntime-web/ort-wasm-simd-threaded.wasm?url";
import type { ModelFile, Runtime, Session } from "../src/engine/model/runtime.ts";
import type { Port, Tensor } from "../src/engine/model/tensor.ts";
import { wasmRuntime } from "../src/engine/runtime/wasm.ts";
import { holdLifeline } from "./lifeline.ts";

interface CreatedSession {
  readonly id: number;
  readonly label: string;
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
}

/** One ONNX Runtime, with the number of threads of its first session, and its sessions by number. */
export interface ExecutorApi {
  createSession(model: ModelFile, threads: number, optimize: boolean): Promise<CreatedSession>;
  run(
    id: number,
    feeds: ReadonlyMap<string, Tensor>,
    fetches?: readonly string[],
  ): Promise<{ readonly outputs: ReadonlyMap<string, Tensor>; readonly time: number }>;
  disposeSession(id: number): Promise<void>;
}

const sessions = new Map<number, Session>();
let runtime: Runtime | null = null;
let nextId = 1;

function session(id: number): Session {
  const found = sessions.get(id);
  if (!found) throw new Error(`There is no session ${id}.`);
  return found;
}

const api: ExecutorApi = {
  async createSession(model, threads, optimize) {
    runtime ??= wasmRuntime({ wasm, mjs }, threads);
    const created = await runtime.createSession(model, { threads, optimize });
    const id = nextId++;
    sessions.set(id, created);
    return { id, label: runtime.label, inputs: created.inputs, outputs: created.outputs };
  },
  async run(id, feeds, fetches) {
    const running = session(id);
    const outputs = await running.run(feeds, fetches);
    const buffers = new Set([...outputs.values()].map(({ data }) => data.buffer as ArrayBuffer));
    return transfer({ outputs, time: running.lastRunTime }, [...buffers]);
  },
  async disposeSession(id) {
    await session(id).dispose();
    sessions.delete(id);
  },
};

holdLifeline();
expose(api);
