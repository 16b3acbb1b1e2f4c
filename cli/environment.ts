import { cpus } from "node:os";
import type { Runtime } from "../src/engine/model/runtime.ts";
import type { Environment } from "../src/engine/project/index.ts";
import { nodeDecoders } from "./decoders.ts";
import { withFitters } from "./fitters.ts";
import { nodeLearner } from "./learner.ts";

export const MACHINE = cpus()[0]?.model.trim() ?? "this machine";

/** What the terminal gives to the engine beside a runtime. */
export function nodeEnvironment(main: Runtime): Environment {
  return {
    runtimes: { main, accelerator: null, learner: nodeLearner, withFitters },
    decoders: nodeDecoders,
    machine: MACHINE,
  };
}
