import plain from "@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm.wasm?url";
import simd from "@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm?url";
import { expose } from "comlink";
import { openContext } from "../src/engine/learning/webglContext.ts";
import type {
  LayerProducts,
  LearnedRounding,
  Learner,
  LossPoint,
  RoundingProblem,
  RoundingTask,
} from "../src/engine/model/rounding.ts";
import type { Tensor } from "../src/engine/model/tensor.ts";
import { holdLifeline } from "./lifeline.ts";

export type LearningBackend = "webgpu" | "webgl" | "wasm" | "cpu";

/** tfjs on one backend, and one layer whose rounding is learned on it. */
export interface LearnerApi {
  /** Returns the learner's label. Rejects when the backend does not start. */
  open(backend: LearningBackend): Promise<string>;
  begin(problem: RoundingProblem): Promise<void>;
  add(float: Tensor, rounded: Tensor): Promise<void>;
  learn(iterations: number, onPoint: (point: LossPoint) => void): Promise<LearnedRounding>;
  /** Ends what `learn` does: it rejects with AbortError. */
  abort(): Promise<void>;
  products(): Promise<LayerProducts>;
  dispose(): Promise<void>;
}

let learner: Learner | null = null;
let task: RoundingTask | null = null;
let controller = new AbortController();

function begun(): RoundingTask {
  if (!task) throw new Error("No layer's rounding was begun.");
  return task;
}

async function start(backend: LearningBackend): Promise<Learner> {
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
    if (!learner) throw new Error("No learner is open.");
    task = await learner.begin(problem);
  },
  add: (float, rounded) => begun().add(float, rounded),
  learn(iterations, onPoint) {
    controller = new AbortController();
    return begun().learn(iterations, controller.signal, (point) => void onPoint(point));
  },
  async abort() {
    controller.abort();
  },
  products: () => begun().products(),
  async dispose() {
    await task?.dispose();
    task = null;
  },
};

holdLifeline();
expose(api);
