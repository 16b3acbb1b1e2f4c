import "@tensorflow/tfjs-backend-cpu";
import type { Learner } from "../model/rounding.ts";
import { tfjsLearner } from "./learner.ts";

/** Learns in plain JavaScript: for where nothing else starts. */
export function cpuLearner(): Promise<Learner> {
  return tfjsLearner({ name: "cpu", label: "CPU" });
}
