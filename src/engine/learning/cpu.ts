import "@tensorflow/tfjs-backend-cpu";
import type { BlockLearner } from "../model/finetuning.ts";
import { tfjsLearner } from "./learner.ts";

/** Learns in plain JavaScript: for where nothing else starts. */
export function cpuLearner(): Promise<BlockLearner> {
  return tfjsLearner({ name: "cpu", label: "CPU" });
}
