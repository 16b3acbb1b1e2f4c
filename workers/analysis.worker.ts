import { expose } from "comlink";
import { Analysis } from "../src/engine/job/analysis.ts";
import { bitDepth, liveliest, tone } from "../src/engine/job/bitDepth.ts";
import { holdLifeline } from "./lifeline.ts";
import type { AnalysisApi } from "./protocol.ts";

let analysis: Analysis | null = null;

function loaded(): Analysis {
  if (!analysis) throw new Error("No statistics were loaded.");
  return analysis;
}

const api: AnalysisApi = {
  load: async (summary, statistics) => {
    analysis = new Analysis(summary.groups, statistics);
  },
  overview: async (choices) => loaded().overview(choices),
  analyse: async (group, choices, window) => loaded().analyse(group, choices, window),
  values: async (tensor) => loaded().values(tensor),
  estimate: async (group, scheme, range) => loaded().estimate(group, scheme, range),
  bitDepth: async (values, bits) => bitDepth(values, bits),
  tone: async (rate, seconds) => tone(rate, seconds),
  liveliest: async (values, length) => liveliest(values, length),
};

holdLifeline();
expose(api);
