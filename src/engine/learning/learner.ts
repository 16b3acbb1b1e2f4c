import { setBackend, version_core } from "@tensorflow/tfjs-core";
import type { Learner, RoundingProblem, RoundingTask } from "../model/rounding.ts";
import { adaround } from "./adaround.ts";
import { Gram } from "./gram.ts";

/** A backend of tfjs, by its own name, and as people know it. */
export interface Backend {
  readonly name: "cpu" | "wasm" | "webgpu";
  readonly label: string;
}

/** A learner on a backend that is registered. Rejects when it does not start. */
export async function tfjsLearner({ name, label }: Backend): Promise<Learner> {
  await use(name);
  return {
    label: `tfjs ${version_core}, ${label}`,
    async begin(problem) {
      await use(name);
      return taskOf(problem);
    },
  };
}

async function use(name: Backend["name"]): Promise<void> {
  if (!(await setBackend(name))) throw new Error(`tfjs's ${name} backend did not start.`);
}

function taskOf(problem: RoundingProblem): RoundingTask {
  let gram: Gram | null = new Gram(problem);
  const begun = () => {
    if (!gram) throw new Error("The layer's rounding was learned already.");
    return gram;
  };
  return {
    async add(float, rounded) {
      begun().add(float, rounded);
    },
    async learn(iterations, signal, onPoint) {
      const matrices = begun().finish();
      gram = null;
      return adaround(problem, matrices, iterations, signal, onPoint);
    },
    async dispose() {
      gram?.dispose();
      gram = null;
    },
  };
}
