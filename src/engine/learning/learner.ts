import { setBackend, version_core } from "@tensorflow/tfjs-core";
import type { BlockLearner, BlockTask } from "../model/finetuning.ts";
import type { RoundingProblem, RoundingTask } from "../model/rounding.ts";
import { adaround } from "./adaround.ts";
import { Block } from "./block.ts";
import { Gram } from "./gram.ts";
import { Reconstruction } from "./reconstruction.ts";

/** A backend of tfjs, by its own name, and as people know it. */
export interface Backend {
  readonly name: "cpu" | "wasm" | "webgl" | "webgpu";
  readonly label: string;
  /** What went wrong on a device that no promise of tfjs tells, such as memory that it lacked; null where nothing did. */
  failure?(): string | null;
}

/** A learner on a backend that is registered. Rejects when it does not start. */
export async function tfjsLearner({ name, label, failure }: Backend): Promise<BlockLearner> {
  await use(name);
  return {
    label: `tfjs ${version_core}, ${label}`,
    async begin(problem) {
      await use(name);
      return taskOf(problem, failure);
    },
    async beginBlock(problem) {
      await use(name);
      return blockTask(new Block(problem), failure);
    },
  };
}

async function use(name: Backend["name"]): Promise<void> {
  if (!(await setBackend(name))) throw new Error(`tfjs's ${name} backend did not start.`);
}

function blockTask(block: Block, failure: Backend["failure"]): BlockTask {
  return {
    async add(input, output) {
      block.add(input, output);
    },
    async tune(steps, held, signal, onPoint) {
      const tuned = await block.tune(steps, held, signal, onPoint);
      const failed = failure?.();
      if (failed) throw new Error(failed);
      return tuned;
    },
    async dispose() {
      block.dispose();
    },
  };
}

function taskOf(problem: RoundingProblem, failure: Backend["failure"]): RoundingTask {
  const grams: Record<"taught" | "held", Gram | null> = { taught: new Gram(problem), held: null };
  let adds: "taught" | "held" = "taught";
  const finished = (of: "taught" | "held") => {
    const gram = grams[of];
    if (!gram) throw new Error("There is nothing of the layer to learn from.");
    const matrices = gram.finish();
    grams[of] = null;
    return matrices;
  };
  const checked = <T>(made: T): T => {
    const failed = failure?.();
    if (failed) throw new Error(failed);
    return made;
  };
  return {
    async add(float, rounded) {
      const gram = grams[adds];
      if (!gram) throw new Error("The layer's rounding was learned already.");
      gram.add(float, rounded);
    },
    async hold() {
      grams.held = new Gram(problem);
      adds = "held";
    },
    async learn(iterations, signal, onPoint) {
      return checked(await adaround(problem, finished("taught"), iterations, signal, onPoint));
    },
    async products(of) {
      const reconstruction = await Reconstruction.of(problem, finished(of));
      try {
        return checked(await reconstruction.products());
      } finally {
        reconstruction.dispose();
      }
    },
    async dispose() {
      for (const gram of Object.values(grams)) gram?.dispose();
      [grams.taught, grams.held] = [null, null];
    },
  };
}
