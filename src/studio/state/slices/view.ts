import type { PathFile } from "../../../../workers/protocol.ts";
import type { Execution } from "../../../engine/model/calibration.ts";
import { TUNING_STEPS } from "../../../engine/model/finetuning.ts";
import { ROUNDING_ITERATIONS } from "../../../engine/model/rounding.ts";
import type { ErrorMetric } from "../../../engine/model/sensitivity.ts";
import type { TuneLimit } from "../../../engine/model/tuning.ts";
import { rememberedExecution } from "../execution.ts";
import { type LayersView, rememberedLayersView } from "../layersView.ts";
import { rememberedMeasuring } from "../measuring.ts";
import type { Changes } from "./slice.ts";

export const STEPS = ["model", "data", "calibrate", "tune", "export"] as const;
export type Step = (typeof STEPS)[number];

export type TuneView = "layer" | "culprits" | "walk" | "search" | "rounding" | "codes" | "compare";

/** The parts of the workbench, where they stand one at a time. */
export type Pane = "layers" | "step" | "recipe";

export type SortKey = "order" | "name" | "operator" | "precision" | "sensitivity" | "sqnr" | "clipped";

/** What the colours of the graph tell. */
export const GRAPH_COLOURS = ["sensitivity", "error", "precision", "latency"] as const;
export type GraphColour = (typeof GRAPH_COLOURS)[number];

export interface Sort {
  readonly key: SortKey;
  readonly descending: boolean;
}

/** What a search is to keep and to read. The drop of top-1 that it may cost is the one that evaluation allows. */
export interface SearchSettings {
  readonly limit: TuneLimit["kind"];
  readonly decibels: number;
  /** The first so many samples; null for those that calibrate. */
  readonly samples: number | null;
  /** Seconds; null for as long as it takes. */
  readonly budget: number | null;
  /** Whether single layers may be in any form that format and target take; absent where not. */
  readonly mix?: boolean;
}

/** What rounding is to be learned with. */
export interface RoundingSettings {
  /** The first so many samples; null for as many of those that calibrate as are worth their time. */
  readonly samples: number | null;
  readonly iterations: number;
}

/** A quantized model as it was dropped. */
export interface QuantizedFiles {
  readonly file: File;
  readonly beside: readonly PathFile[];
}

/** What an export is to be encrypted with, typed twice. It stays in memory. */
export interface Encryption {
  readonly passphrase: string;
  readonly again: string;
}

/** An encrypted file whose passphrase is asked for. */
export interface LockedFile {
  readonly path: string;
  /** Whether the last one that was given did not open it. */
  readonly isWrong: boolean;
  /** Whether it is being opened. */
  readonly isBusy: boolean;
}

/** What is looked at, and what the forms say. */
export interface View {
  readonly step: Step;
  /** Which part is in sight where there is no room for all. */
  readonly pane: Pane;
  /** Which view of the Tune step is open. */
  readonly tuneView: TuneView;
  /** Id of the selected row; null until the estimates tell which layer needs a look first. */
  readonly layer: string | null;
  readonly filter: string;
  readonly sort: Sort;
  readonly layersView: LayersView;
  readonly graphColour: GraphColour;
  /** Ids of the blocks of the graph that are open; null for those that are at first. */
  readonly openBlocks: ReadonlySet<string> | null;
  /** Whether the graph of a quantized model stands beside that of the float model. */
  readonly graphsBeside: boolean;
  /** Whether that is of what would be exported though a quantized file was read beside the model. */
  readonly exportInGraph: boolean;
  /** What sensitivity is told in. */
  readonly metric: ErrorMetric;
  /** Top-1 drop allowed, as a share. */
  readonly limit: number;
  readonly search: SearchSettings;
  readonly roundingSettings: RoundingSettings;
  /** Steps of fine-tuning over each block. */
  readonly tuningSteps: number;
  /** On how many samples, from the first, codes are found; null for as many of those that calibrate as are worth their time. */
  readonly codeSamples: number | null;
  /** How many samples, from the first, sensitivity and the error walk are measured on. */
  readonly sensitivitySamples: number;
  /** How samples are run. */
  readonly execution: Execution;
  /** Whether every change is measured. */
  readonly measuring: boolean;
  /** The folder that a family is to be made of; null while none is. */
  readonly family: readonly PathFile[] | null;
  /** A quantized model that is looked at, and the files that it may keep weights in; null while none is. */
  readonly quantized: QuantizedFiles | null;
  /** Null where exports are not encrypted. */
  readonly encryption: Encryption | null;
  /** Null while no passphrase is asked for. */
  readonly locked: LockedFile | null;
}

const GRAPH_ORDER: Sort = { key: "order", descending: false };

/** What every model is looked at with first; the rest is remembered in this browser. */
export const FIRST_LOOK = {
  step: "model",
  pane: "step",
  tuneView: "layer",
  layer: null,
  filter: "",
  sort: GRAPH_ORDER,
  graphColour: "sensitivity",
  openBlocks: null,
  graphsBeside: false,
  exportInGraph: false,
  metric: "sqnr",
  limit: 0.01,
  search: { limit: "drop", decibels: 20, samples: null, budget: null },
  roundingSettings: { samples: null, iterations: ROUNDING_ITERATIONS },
  tuningSteps: TUNING_STEPS,
  codeSamples: null,
  sensitivitySamples: 16,
} as const satisfies Partial<View>;

export function firstView(): View {
  return {
    ...FIRST_LOOK,
    layersView: rememberedLayersView(),
    execution: rememberedExecution(),
    measuring: rememberedMeasuring(),
    family: null,
    quantized: null,
    encryption: null,
    locked: null,
  };
}

/** A graph over the whole width makes room for a step that is asked for. */
function besideSteps(layersView: LayersView): Partial<View> {
  return layersView === "wide" ? { layersView: "graph" } : {};
}

export const viewChanges = {
  stepChosen: ({ layersView }, step: Step) => ({ step, pane: "step", ...besideSteps(layersView) }),
  paneChosen: (_, pane: Pane) => ({ pane }),
  tuneViewChosen: (_, tuneView: TuneView) => ({ tuneView, pane: "step" }),
  /** From any step. */
  tuneViewOpened: ({ layersView }, tuneView: TuneView) => ({
    step: "tune",
    tuneView,
    pane: "step",
    ...besideSteps(layersView),
  }),
  layerSelected: (_, layer: string | null) => ({ layer }),
  /** Its figures are asked for too, which may stand in another part. */
  layerOpened: (_, layer: string) => ({ layer, pane: "step" }),
  /** Where a row of the list is to be pointed at, whatever was looked at before. */
  layerPointedAt: (_, layer: string) => ({ step: "tune", tuneView: "layer", layersView: "list", filter: "", layer }),
  rowsFiltered: (_, filter: string) => ({ filter }),
  /** By a column, worst first or last; then the other way round; then in graph order again. */
  rowsSorted: ({ sort }, key: SortKey, worstFirst: boolean) => {
    if (sort.key !== key) return { sort: { key, descending: worstFirst } };
    return { sort: sort.descending === worstFirst ? { key, descending: !worstFirst } : GRAPH_ORDER };
  },
  layersViewChosen: (_, layersView: LayersView) => ({ layersView, pane: "layers" }),
  layersViewToggled: ({ layersView }) => ({ layersView: layersView === "list" ? "graph" : "list", pane: "layers" }),
  graphColourChosen: (_, graphColour: GraphColour) => ({ graphColour }),
  blocksOpened: (_, openBlocks: ReadonlySet<string>) => ({ openBlocks }),
  graphsPutBeside: (_, graphsBeside: boolean) => ({ graphsBeside }),
  graphBesideChosen: (_, of: "written" | "beside") => ({ exportInGraph: of === "written" }),
  /** Over the whole width, beside that of the float model. */
  besideGraphOpened: () => ({ graphsBeside: true, exportInGraph: false, layersView: "wide", pane: "layers" }),
  metricChosen: (_, metric: ErrorMetric) => ({ metric }),
  searchChanged: ({ search }, change: Partial<SearchSettings>) => ({ search: { ...search, ...change } }),
  tuningStepsChanged: (_, tuningSteps: number) => ({ tuningSteps }),
  roundingSettingsChanged: ({ roundingSettings }, change: Partial<RoundingSettings>) => ({
    roundingSettings: { ...roundingSettings, ...change },
  }),
  codeSamplesChosen: (_, codeSamples: number) => ({ codeSamples }),
  sensitivitySamplesChosen: (_, samples: number) => ({ sensitivitySamples: Math.max(1, Math.floor(samples)) }),
  executionChanged: ({ execution }, change: Partial<Execution>) => ({ execution: { ...execution, ...change } }),
  measuringChosen: (_, measuring: boolean) => ({ measuring }),
  quantizedShown: (_, quantized: QuantizedFiles | null) => ({ quantized }),
  encryptionChanged: (_, encryption: Encryption | null) => ({ encryption }),
  passphraseAsked: (_, locked: LockedFile | null) => ({ locked }),
  familyChosen: (_, family: readonly PathFile[] | null) => ({ family }),
} satisfies Changes<View>;
