import plain from "@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm.wasm?url";
import simd from "@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm?url";
import { expose } from "comlink";
import { openContext } from "../src/engine/learning/webglContext.ts";
import type { BlockLearner, BlockProblem, BlockTask, TunedBlock } from "../src/engine/model/finetuning.ts";
import type {
  LayerProducts,
  LearnedRounding,
  LossPoint,
  RoundingProblem,
  RoundingTask,
} from "../src/engine/model/rounding.ts";
import type { Tensor } from "../src/engine/model/tensor.ts";
import { holdLifeline } from "./lifeline.ts";

export type LearningBackend = "webgpu" | "webgl" | "wasm" | "cpu";

/** tfjs on one backend, and on it one layer whose rounding is learned, or one block of layers that is tuned. */
export interface LearnerApi {
  /** Returns the learner's label. Rejects when the backend does not start. */
  open(backend: LearningBackend): Promise<string>;
  begin(problem: RoundingProblem): Promise<void>;
  beginBlock(problem: BlockProblem): Promise<void>;
  /** Of a layer its input in the float and in the rounded model, of a block what it is fed and is to make. */
  add(one: Tensor, other: Tensor): Promise<void>;
  learn(iterations: number, onPoint: (point: LossPoint) => void): Promise<LearnedRounding>;
  tune(steps: number, held: number, onPoint: (point: LossPoint) => void): Promise<TunedBlock>;
  /** Ends what `learn` or `tune` does: it rejects with AbortError. */
  abort(): Promise<void>;
  hold(): Promise<void>;
  products(of: "taught" | "held"): Promise<LayerProducts>;
  dispose(): Promise<void>;
}

let learner: BlockLearner | null = null;
let layer: RoundingTask | null = null;
let block: BlockTask | null = null;
let controller = new AbortController();

function started(): BlockLearner {
  if (!learner) throw new Error("No learner is open.");
  return learner;
}

function begun<T>(task: T | null): T {
  if (!task) throw new Error("Nothing to learn was begun.");
  return task;
}

async function start(backend: LearningBackend): Promise<BlockLearner> {
  switch (backend) {
    case "webgpu": {
      const [{ webgpuLearner }, { openDevice }] = await Promise.all([
        import("../src/engine/learning/webgpu.ts"),
        import("../src/engine/runtime/webgpuDevice.ts"),
      ]);
      const { device, info } = await openDevice();
      // Nothing that waits for a lost device would ever be answered.
      void device.lost.then(() => self.close());
      return webgpuLearner(device, info);
    }
    case "webgl": {
      const { gl, canvas } = openContext();
      canvas.addEventListener("webglcontextlost", () => self.close());
      return (await import("../src/engine/learning/webgl.ts")).webglLearner(gl);
    }
    case "wasm":
      return (await import("../src/engine/learning/wasm.ts")).wasmLearner({ simd, plain });
    case "cpu":
      return (await import("../src/engine/learning/cpu.ts")).cpuLearner();
  }
}

const api: LearnerApi = {
  async open(backend) {
    learner = await start(backend);
    return learner.label;
  },
  async begin(problem) {
    layer = await started().begin(problem);
  },
  async beginBlock(problem) {
    block = await started().beginBlock(problem);
  },
  add: (one, other) => begun(layer ?? block).add(one, other),
  learn(iterations, onPoint) {
    controller = new AbortController();
    return begun(layer).learn(iterations, controller.signal, (point) => void onPoint(point));
  },
  tune(steps, held, onPoint) {
    controller = new AbortController();
    return begun(block).tune(steps, held, controller.signal, (point) => void onPoint(point));
  },
  async abort() {
    controller.abort();
  },
  hold: () => begun(layer).hold(),
  products: (of) => begun(layer).products(of),
  async dispose() {
    await layer?.dispose();
    await block?.dispose();
    [layer, block] = [null, null];
  },
};

holdLifeline();
expose(api);
