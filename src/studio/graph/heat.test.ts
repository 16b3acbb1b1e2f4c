import { expect, test } from "vitest";
import type { GroupFigures } from "../../engine/model/analysis.ts";
import type { LayerSensitivity, OutputErrors } from "../../engine/model/sensitivity.ts";
import type { ModelSummary } from "../../engine/model/summary.ts";
import { PLAIN_RECIPE } from "../../engine/model/testing/recipe.ts";
import type { Row } from "../state/layers.ts";
import type { Project } from "../state/slices/project.ts";
import type { Results } from "../state/slices/results.ts";
import { stateWith } from "../state/testing/given.ts";
import { fileScale, heatScale } from "./heat.ts";

const layers = ["conv", "relu", "gemm"].map((id) => ({ id, operator: id, outputs: [id], precision: "int8" }));
const activations = [
  { name: "conv", producer: "conv", consumers: ["relu"], group: null },
  { name: "relu", producer: "relu", consumers: ["gemm"], group: "relu" },
  { name: "gemm", producer: "gemm", consumers: [], group: "gemm" },
];
const plan = { layers, activations } as unknown as ModelSummary;
const recipe = {
  past: [],
  future: [],
  present: PLAIN_RECIPE,
};
const open = { model: { plan }, recipe } as unknown as Partial<Project>;

const row = (id: string, group: string | null, fusedWith: string | null = null) => ({ id, group, fusedWith }) as Row;
const conv = row("conv", "relu", "relu");
const relu = row("relu", "relu");
const gemm = row("gemm", "gemm");

const overview = new Map([["relu", { group: "relu", figures: { sqnr: 45 } } as GroupFigures]]);
const errors = (sqnr: number, mse: number) => ({ sqnr, mse, cosine: 1, kl: null, drop: null }) as OutputErrors;
const measured = (layer: string, alone: OutputErrors) => ({ layer, alone }) as LayerSensitivity;
const result = { layers: [measured("conv", errors(30, 0.5)), measured("gemm", errors(15, 2))] };
const sensitivity = { result, basis: {} } as unknown as Results["sensitivity"];

test("before anything is measured the estimate of the range is shown, and a fused layer has that of the other", () => {
  const scale = heatScale(stateWith({ ...open, overview }));
  expect(scale.title).toContain("estimated");
  expect(scale.of(relu)).toEqual({ share: 0.25, text: "45.0 dB", own: true });
  expect(scale.of(conv)).toEqual({ share: 0.25, text: "45.0 dB", own: false });
  expect(scale.of(gemm)).toBeNull();
});

test("what was measured goes before estimates, by the metric chosen", () => {
  const scale = heatScale(stateWith({ ...open, overview, sensitivity }));
  expect(scale.title).toContain("measured");
  expect(scale.of(gemm)).toEqual({ share: 0.75, text: "15.0 dB", own: true });
  expect(scale.of(relu)).toEqual({ share: 0.5, text: "30.0 dB", own: false });
  expect(scale.of(row("pool", "relu"))).toBeNull();
  const byMse = heatScale(stateWith({ ...open, sensitivity, metric: "mse" }));
  expect(byMse.of(gemm)?.share).toBe(1);
  expect(byMse.of(conv)).toEqual({ share: 0.25, text: "0.500", own: true });
  expect(byMse.ends?.high).toBe("2.00");
});

test("by error the walk's figures are told, and before it what is to be measured; precision has no ramp", () => {
  const steps = [
    { layer: "conv", sqnr: 30 },
    { layer: "gemm", sqnr: Number.NaN },
  ];
  const walk = { result: { steps, samples: 4 }, basis: {} } as unknown as Results["walk"];
  const scale = heatScale(stateWith({ ...open, walk, graphColour: "error" }));
  expect(scale.title).toContain("measured on 4 samples");
  expect(scale.of(conv)).toEqual({ share: 0.5, text: "30.0 dB", own: true });
  expect(scale.of(relu)).toEqual({ share: 0.5, text: "30.0 dB", own: false });
  expect(scale.of(gemm)).toBeNull();
  const none = heatScale(stateWith({ ...open, walk, sensitivity, graphColour: "precision" }));
  expect([none.ends, none.of(conv)]).toEqual([null, null]);
  expect(heatScale(stateWith({ ...open, graphColour: "error" })).title).toContain("once the walk is measured");
});

test("a quantized file beside the model has the colours of the walk through it, and of nothing else", () => {
  const steps = [{ layer: "conv", sqnr: 15 }];
  const fileWalk = {
    ...{ result: { steps, samples: 3, unwalked: [] }, sha256: "ab", data: "here" },
    ...{ preprocess: PLAIN_RECIPE.preprocess, seed: PLAIN_RECIPE.seed },
  } as unknown as Results["fileWalk"];
  const besideFile = { name: "theirs.onnx", sha256: "ab" };
  const data = { fingerprint: "here" } as Project["data"];
  const given = { ...open, data, besideFile, fileWalk, graphColour: "error" as const };
  const scale = fileScale(stateWith(given))!;
  expect([scale.title, scale.stale]).toEqual(["SQNR at each layer’s output, measured on 3 samples", false]);
  expect(scale.ends).toEqual(heatScale(stateWith({ ...open, overview })).ends);
  expect(scale.of(conv)).toEqual({ share: 0.75, text: "15.0 dB", own: true });
  expect(scale.of(relu)?.text).toBe("15.0 dB");
  expect(scale.of(gemm)).toBeNull();
  expect(fileScale(stateWith({ ...given, data: { fingerprint: "there" } as Project["data"] }))!.stale).toBe(true);
  const other = fileScale(stateWith({ ...given, besideFile: { name: "other.onnx", sha256: "cd" } }))!;
  expect([other.title, other.of(conv)]).toEqual(["Error, once it is walked through", null]);
  expect(fileScale(stateWith({ ...given, graphColour: "sensitivity" }))!.title).toContain("colour by Error");
  expect(fileScale(stateWith({ ...given, graphColour: "precision" }))).toBeNull();
});

test("by latency layers are told in milliseconds, and before they are timed that they are not", () => {
  expect(heatScale(stateWith({ ...open, graphColour: "latency" })).title).toBe("Latency, once the layers are timed");
  const layers = [
    { layer: "conv", milliseconds: 2 },
    { layer: "gemm", milliseconds: 0.5 },
  ];
  const result = { layers, others: 0.1, runs: 9, threads: 1, runtime: "wasm" };
  const scale = heatScale(stateWith({ ...open, layerTimes: { result, recipe: PLAIN_RECIPE }, graphColour: "latency" }));
  expect([scale.title, scale.ends, scale.stale]).toEqual([
    "Milliseconds a run in this tab, 1 thread, median of 9 runs",
    { low: "0 ms", high: "2.00 ms" },
    false,
  ]);
  expect(scale.of(gemm)).toEqual({ share: 0.25, text: "0.500 ms", own: true });
  expect(scale.of(relu)).toEqual({ share: 1, text: "2.00 ms", own: false });
});
