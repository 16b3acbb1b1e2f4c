import type { RangeReport } from "../../model/analysis.ts";
import type { Report } from "../../model/report.ts";
import type { ReportedLayer } from "../../model/summary.ts";
import type { TuningRecord } from "../../model/tuning.ts";

function layer(id: string, operator: string, input: string, output: string): ReportedLayer {
  return {
    id,
    operator,
    inputs: [input],
    outputs: [output],
    parameters: 10,
    weight: null,
    precision: "int8",
    reason: null,
  };
}

export function rangeReport(group: string, sqnr: number, members: readonly string[] = [group]): RangeReport {
  const counts = Array.from({ length: 64 }, (_, i) => (i % 3) * i);
  return {
    group,
    members,
    seen: { finite: 4000, zeros: 12, nonFinite: 0, min: -1, max: 3, samples: 20 },
    histogram: { window: { low: -1, high: 3 }, counts },
    chosen: {
      source: "mse",
      figures: {
        range: { low: -0.5, high: 2 },
        scale: 2.5 / 255,
        zeroPoint: 51,
        clipped: 0.0123,
        mse: 1e-4,
        sqnr,
        effectiveBits: (sqnr - 1.76) / 6.02,
      },
    },
  };
}

/** A small model: conv and relu that round once, a pool that shares their range, a gemm, a softmax in float. */
export const REPORT: Report = {
  tool: { name: "Octet", version: "0.1.0" },
  date: "2026-11-21T09:31:12.000Z",
  model: {
    name: "little",
    sha256: "ab".repeat(32),
    bytes: 100_000,
    irVersion: 8,
    opset: 13,
    producer: "by hand",
    parameters: 12_345,
    inputs: [{ name: "image", type: "float32", dims: ["batch", 3, 8, 8] }],
    outputs: [{ name: "scores", type: "float32", dims: [null, 10] }],
    operators: [{ type: "Conv", count: 1, quantized: 1 }],
    layers: [
      layer("conv", "Conv", "image", "conv_out"),
      layer("relu", "Relu", "conv_out", "relu_out"),
      layer("pool", "MaxPool", "relu_out", "pool_out"),
      layer("gemm", "Gemm", "pool_out", "logits"),
      { ...layer("softmax", "Softmax", "logits", "scores"), precision: "float32", reason: "the recipe says so" },
    ],
    floatKernels: [],
    preparation: ["1 BatchNormalization folded into Conv"],
  },
  recipe: {
    version: 1,
    model: { name: "little", sha256: "ab".repeat(32) },
    preparation: 1,
    format: "qdq",
    activations: { type: "uint8", symmetric: false },
    weights: { type: "int8", granularity: "channel", rounding: "nearest" },
    corrections: { equalization: false, bias: "none" },
    method: "auto",
    methods: {},
    ranges: {},
    float: { layers: ["softmax"], operators: [], tensors: [] },
    elementwise: "join",
    preprocess: null,
    seed: 0,
    inputs: { shapes: {}, values: {}, state: {} },
    resolved: { image: { low: -0.5, high: 2 } },
    factors: null,
    unjoined: null,
    biases: null,
    spared: {},
    rounding: null,
    prints: "abcdefgh",
  },
  calibration: {
    equalized: false,
    observed: [0, 1, 2],
    skipped: [3],
    wanted: 4,
    preprocess: {
      resize: { mode: "exact", size: [8, 8] },
      crop: null,
      layout: "NCHW",
      color: "RGB",
      scale: 1 / 255,
      mean: [0.5],
      std: [0.5],
    },
    seed: 0,
    prints: "abcdefgh",
    executors: [{ runtime: "onnxruntime-node 1.30.0", provider: "cpu", workers: 2, threads: 1, batch: 1, samples: 2 }],
  },
  ranges: [rangeReport("image", 40), rangeReport("relu_out", 21, ["relu_out", "pool_out"]), rangeReport("logits", 35)],
  weights: [{ name: "conv_weight", dims: [16, 3, 3, 3], axis: 0, sqnr: 41, leastSqnr: 22 }],
  evaluation: {
    samples: 60,
    labelled: 50,
    top1: { float: 0.9, quantized: 0.88, drop: 0.02, interval: [-0.01, 0.05] },
    top5: null,
    perplexity: null,
    verdict: { limit: 0.01, passed: false },
    outputs: [
      {
        name: "scores",
        agreement: 0.97,
        sqnr: 30,
        parts: [],
        mse: 0.01,
        mae: 0.02,
        cosine: 0.999,
        kl: 0.003,
        nonFinite: 0,
      },
    ],
    bytes: { float: 100_000, quantized: 28_000 },
    latency: {
      float: { p50: 2, p95: 3 },
      quantized: { p50: 4, p95: 6 },
      runs: 50,
      runtime: "onnxruntime-node 1.30.0",
      machine: "a test machine",
      threads: 1,
    },
    notices: [],
  },
  tuning: null,
  files: [
    { name: "little.int8.onnx", bytes: 28_000, sha256: "5a".repeat(32) },
    { name: "little.recipe.json", bytes: 1_200 },
  ],
  notices: [{ kind: "warning", subject: "relu_out", message: "Something was seen." }],
};

/** A search that left one layer in float after the corrections were not enough. */
export const TUNING: TuningRecord = {
  request: { samples: 100, limit: { kind: "drop", share: 0.01 }, goal: "size", budget: null },
  split: { calibration: [0, 50], judgement: [50, 100] },
  judged: { samples: 50, labelled: 48 },
  executor: { runtime: "onnxruntime-node 1.30.0", threads: 1 },
  bytes: { float: 100_000 },
  start: { ...REPORT.recipe, resolved: null },
  points: [
    {
      decisions: [],
      label: "as given",
      bytes: 27_000,
      floatLayers: 1,
      sqnr: 3,
      top1: { float: 0.8, quantized: 0.1, drop: 0.7, interval: [0.5, 0.8] },
      perplexity: null,
      expected: 0.69,
      latency: null,
      passed: false,
      accepted: false,
    },
    {
      decisions: [
        { kind: "corrections", corrections: { equalization: true, bias: "empirical" } },
        { kind: "float", layers: ["conv"] },
      ],
      label: "conv left in float",
      bytes: 31_000,
      floatLayers: 2,
      sqnr: 21,
      top1: { float: 0.8, quantized: 0.8, drop: 0, interval: [-0.1, 0.1] },
      perplexity: null,
      expected: 0.004,
      latency: null,
      passed: true,
      accepted: true,
    },
  ],
  chosen: 1,
  best: 1,
  ended: "found",
  seconds: 12.5,
};
