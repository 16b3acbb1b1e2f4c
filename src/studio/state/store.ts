import { useStore } from "zustand";
import { createStore } from "zustand/vanilla";
import type { Calibration, ExportedFile, PathFile } from "../../../workers/protocol.ts";
import type { GroupFigures } from "../../engine/model/analysis.ts";
import type { Execution } from "../../engine/model/calibration.ts";
import type { DataSummary } from "../../engine/model/dataset.ts";
import type { Finding } from "../../engine/model/diagnosis.ts";
import type { Evaluation } from "../../engine/model/evaluation.ts";
import type { Notice, Progress } from "../../engine/model/job.ts";
import type { Recipe } from "../../engine/model/recipe.ts";
import { type LossPoint, ROUNDING_ITERATIONS, type Rounding } from "../../engine/model/rounding.ts";
import type { ErrorMetric, ErrorWalk, Sensitivity } from "../../engine/model/sensitivity.ts";
import type { ModelSummary } from "../../engine/model/summary.ts";
import type { Port } from "../../engine/model/tensor.ts";
import type { TuneLimit, Tuning } from "../../engine/model/tuning.ts";
import type { Basis } from "../../engine/recipe/basis.ts";
import { rememberedExecution } from "./execution.ts";
import type { History } from "./history.ts";
import type { SortKey } from "./layers.ts";
import { type LayersView, rememberedLayersView } from "./layersView.ts";
import { rememberedMeasuring } from "./measuring.ts";
import type { Probed } from "./probe.ts";
import type { StoredResult } from "./results.ts";

export const STEPS = ["model", "data", "calibrate", "tune", "export"] as const;
export type Step = (typeof STEPS)[number];

export type TuneView = "layer" | "walk" | "search" | "rounding" | "compare";

export interface OpenModel {
  readonly file: File;
  /** The files that came with it, which may hold its weights. */
  readonly beside: readonly PathFile[];
  /** As the default recipe leaves it. */
  readonly summary: ModelSummary;
  /** Under the recipe of the moment. */
  readonly plan: ModelSummary;
}

export interface OpenData {
  readonly files: readonly PathFile[];
  readonly summary: DataSummary;
  /** Tells these files from others (state/fingerprint.ts). */
  readonly fingerprint: string;
}

/** A result and what it was made of. */
export interface Based<T> {
  readonly result: T;
  readonly basis: Basis;
}

/** Findings, and what they were found in: with another recipe or calibration they are stale. */
export interface Diagnosed {
  readonly findings: readonly Finding[];
  readonly recipe: Recipe;
  readonly calibration: Calibration;
}

export interface ExportSummary {
  readonly zipName: string;
  readonly zipBytes: number;
  readonly files: readonly ExportedFile[];
  readonly notices: readonly Notice[];
}

export interface Job {
  readonly id: number;
  readonly task: string;
  /** What it runs on. */
  readonly on: string;
  readonly progress: Progress | null;
  /** The first report of the running task and when it came: rate and time left count from there. */
  readonly first: { readonly done: number; readonly time: number } | null;
  readonly now: number;
  readonly cancelling: boolean;
  /** It settles the recipe, which no person asked for: what a person asks for then waits for its end. */
  readonly settles: boolean;
}

export interface LogEntry {
  readonly id: number;
  readonly time: number;
  readonly level: "error" | "warning" | "info";
  readonly text: string;
}

export interface Alert {
  readonly id: number;
  readonly message: string;
  /** What only helps to find a defect, folded away. */
  readonly details: string | null;
}

/** A session that can be taken up again. */
export interface StoredSession {
  readonly sha256: string;
  readonly name: string;
  readonly bytes: number;
  readonly opset: number;
  readonly savedAt: number;
  readonly kept: boolean;
}

/** What a search is to keep and to read. The drop of top-1 that it may cost is the one that evaluation allows. */
export interface SearchSettings {
  readonly limit: TuneLimit["kind"];
  readonly decibels: number;
  /** The first so many samples; null for those that calibrate. */
  readonly samples: number | null;
  /** Seconds; null for as long as it takes. */
  readonly budget: number | null;
}

/** What rounding is to be learned with. */
export interface RoundingSettings {
  /** The first so many samples; null for as many of those that calibrate as are worth their time. */
  readonly samples: number | null;
  readonly iterations: number;
}

/** Learned rounding, and how many samples and iterations were asked for. */
export interface LearnedRounding extends Based<Rounding> {
  readonly asked: { readonly samples: number; readonly iterations: number };
}

/** The loss of the layer whose rounding is being learned, so far. */
export interface Learning {
  readonly layer: string;
  readonly curve: readonly LossPoint[];
}

/** What has to be known before a model can be opened: what its inputs get. */
export interface InputsQuestion {
  readonly model: string;
  readonly ports: readonly Port[];
  /** Null when the person would rather not open it. */
  readonly answer: (inputs: Recipe["inputs"] | null) => void;
}

export interface StudioState {
  readonly model: OpenModel | null;
  readonly data: OpenData | null;
  /** How many samples, from the first, are to calibrate; the rest evaluates. */
  readonly samples: number;
  readonly recipe: History<Recipe> | null;
  readonly calibration: Calibration | null;
  /** How long the calibration ran, in milliseconds; null when it was read from a file or store. */
  readonly calibrationTime: number | null;
  /** Fingerprint of the data that it ran on; null where that is not known. */
  readonly calibratedOn: string | null;
  readonly overview: ReadonlyMap<string, GroupFigures>;
  readonly evaluation: Based<Evaluation> | null;
  readonly exported: Based<ExportSummary> | null;
  /** What the last change came to, measured in the background. */
  readonly probed: Probed | null;
  /** The measurement under way, or why there is none; null when there is nothing to say. */
  readonly probing: { readonly progress: Progress | null; readonly failure: string | null } | null;
  /** Whether every change is measured. */
  readonly measuring: boolean;
  /** Every evaluation of this model that was kept, newest first. */
  readonly results: readonly StoredResult[];
  readonly sensitivity: Based<Sensitivity> | null;
  readonly walk: Based<ErrorWalk> | null;
  readonly tuning: Based<Tuning> | null;
  readonly search: SearchSettings;
  readonly rounding: LearnedRounding | null;
  readonly roundingSettings: RoundingSettings;
  readonly learning: Learning | null;
  readonly diagnosis: Diagnosed | null;
  /** Findings whose remedy was applied since the last evaluation. */
  readonly applied: readonly Finding[];
  /** How many samples, from the first, sensitivity and the error walk are measured on. */
  readonly sensitivitySamples: number;
  /** What sensitivity is told in. */
  readonly metric: ErrorMetric;
  /** Top-1 drop allowed, as a share. */
  readonly limit: number;
  readonly job: Job | null;
  readonly log: readonly LogEntry[];
  readonly alerts: readonly Alert[];
  readonly step: Step;
  /** Which view of the Tune step is open. */
  readonly tuneView: TuneView;
  /** Id of the selected row; null until the estimates tell which layer needs a look first. */
  readonly layer: string | null;
  readonly filter: string;
  readonly sort: { readonly key: SortKey; readonly descending: boolean };
  readonly layersView: LayersView;
  /** How samples are run. */
  readonly execution: Execution;
  readonly keep: boolean;
  readonly sessions: readonly StoredSession[];
  readonly question: InputsQuestion | null;
}

export const EMPTY = {
  model: null,
  data: null,
  samples: 0,
  recipe: null,
  calibration: null,
  calibrationTime: null,
  calibratedOn: null,
  overview: new Map(),
  evaluation: null,
  exported: null,
  probed: null,
  probing: null,
  results: [],
  sensitivity: null,
  walk: null,
  tuning: null,
  search: { limit: "drop", decibels: 20, samples: null, budget: null },
  rounding: null,
  roundingSettings: { samples: null, iterations: ROUNDING_ITERATIONS },
  learning: null,
  diagnosis: null,
  applied: [],
  sensitivitySamples: 16,
  metric: "sqnr",
  limit: 0.01,
  step: "model",
  tuneView: "layer",
  layer: null,
  filter: "",
  sort: { key: "order", descending: false },
  keep: false,
} as const satisfies Partial<StudioState>;

export const studio = createStore<StudioState>(() => ({
  ...EMPTY,
  layersView: rememberedLayersView(),
  measuring: rememberedMeasuring(),
  execution: rememberedExecution(),
  job: null,
  log: [],
  alerts: [],
  sessions: [],
  question: null,
}));

/** A part of the state in a component; `select` must return a value that is the same while nothing changed. */
export function useStudio<T>(select: (state: StudioState) => T): T {
  return useStore(studio, select);
}
