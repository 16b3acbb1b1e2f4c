import type { Culprit } from "../../engine/model/culprit.ts";
import { significant } from "../../engine/values/figures.ts";
import { percent, points } from "../../engine/values/shares.ts";
import { diagnosisIsStale } from "../state/diagnosis.ts";
import type { StudioState } from "../state/slices/studio.ts";
import { calibrationIsStale, evaluationIsStale, exportIsStale, factsOf, isPartial } from "../state/steps.ts";
import type { Measured, Seen } from "./state.ts";

export interface TourStep {
  readonly title: string;
  readonly text: (state: StudioState, seen: Seen) => string;
  /** Selectors of what the step points at, the best first. */
  readonly targets: (state: StudioState) => readonly string[];
  readonly side: "left" | "bottom" | "top" | "right";
  /** Whether what the step asks for has happened; null where the person says so. */
  readonly done: ((state: StudioState) => boolean) | null;
  /** The figure it leaves behind. */
  readonly leaves?: keyof Seen;
}

const at = (testId: string) => `[data-testid="${testId}"]`;

/** The way through the sample project: what is lost per tensor, why, and what saves it. */
export const TOUR: readonly TourStep[] = [
  {
    title: "Calibrate",
    text: ({ project: { samples } }) =>
      `int8 needs to know which values each tensor takes. The float model runs over ${samples} pictures, and the values are counted.`,
    targets: () => [at("calibrate"), at("next"), at("step-calibrate")],
    side: "bottom",
    done: isCalibrated,
  },
  {
    title: "Evaluate",
    text: (state) => {
      const { data, samples } = state.project;
      const first = isRuined(state) ? "Give every channel of the weights its own scale first. " : "";
      return `${first}What does int8 cost? Both models now judge the ${(data?.summary.samples ?? samples) - samples} pictures that did not calibrate.`;
    },
    targets: () => [at("evaluate")],
    side: "left",
    done: (state) => isEvaluated(state) && !isRuined(state),
    leaves: "before",
  },
  {
    title: "One scale a weight",
    text: (_, { before }) =>
      `${costOf(before)} Each channel of a weight had a scale of its own. Now choose one scale for a whole weight: per tensor.`,
    targets: () => [at("weights")],
    side: "left",
    done: isRuined,
  },
  {
    title: "Evaluate again",
    text: () => "Every layer is still int8, and only the scales of the weights changed. Measure what that does.",
    targets: () => [at("evaluate")],
    side: "left",
    done: (state) => isEvaluated(state) && isRuined(state),
    leaves: "ruined",
  },
  {
    title: "Which layer was it?",
    text: (state, { before, ruined }) => {
      const culprit = culpritOf(state);
      const where = culprit
        ? `First among the culprits is ${culprit.layer}: select it.`
        : "The culprits are being looked for…";
      return `${fall(before, ruined)} ${where}`;
    },
    targets: (state) => {
      const culprit = culpritOf(state);
      return [
        ...(culprit ? [`[data-layer=${JSON.stringify(culprit.layer)}]`] : []),
        '[aria-label="Filter the layers"]',
      ];
    },
    side: "right",
    done: (state) => {
      const culprit = culpritOf(state);
      const { layer, step, tuneView } = state.view;
      return culprit !== null && layer === culprit.layer && step === "tune" && tuneView === "layer";
    },
  },
  {
    title: "Why",
    text: (state) => {
      const culprit = culpritOf(state);
      const why = culprit ? `${culprit.sentence} (${culprit.figure.replace(/\.$/, "")}).` : "";
      return `${why.replace(". (", " (")} The bars are the ranges of its weight’s channels: one scale has to reach the widest, and the narrow ones lose their detail.`;
    },
    targets: () => [at("weight-chart"), at("diagnosis")],
    side: "top",
    done: null,
  },
  {
    title: "Save it",
    text: () =>
      canEqualize()
        ? "Two ways out: give every channel its own scale again, or equalize: rescale neighbouring layers so that one scale fits all their channels."
        : "Give every channel a scale of its own again: per channel.",
    targets: () => [at("weights")],
    side: "left",
    done: (state) => state.project.recipe !== null && !isRuined(state),
  },
  {
    title: "Measure the rescue",
    text: () => "Evaluate once more.",
    targets: () => [at("evaluate")],
    side: "left",
    done: (state) => isEvaluated(state) && !isRuined(state),
    leaves: "saved",
  },
  {
    title: "Export",
    text: (_, { ruined, saved }) =>
      `${rise(ruined, saved)} Export gives one zip: the int8 model, the recipe that repeats it, and a report.`,
    targets: () => [at("export"), at("next"), at("step-export")],
    side: "bottom",
    done: (state) => {
      const facts = factsOf(state);
      return facts.exported !== null && !exportIsStale(facts);
    },
  },
  {
    title: "That is the whole way",
    text: () =>
      "Calibrate, evaluate, find the layer, mend it, export: the same for your own model. Words with a dotted line explain themselves, and ? lists the keys.",
    targets: () => ['[aria-label="Keys and words"]'],
    side: "bottom",
    done: null,
  },
];

/** Whether there is a switch for equalization to press. */
export function canEqualize(): boolean {
  return document.querySelector(at("equalization")) !== null;
}

export function isCalibrated(state: StudioState): boolean {
  const facts = factsOf(state);
  return facts.calibration !== null && !isPartial(facts) && !calibrationIsStale(facts) && state.work.job === null;
}

export function isEvaluated(state: StudioState): boolean {
  return state.results.evaluation !== null && !evaluationIsStale(factsOf(state)) && state.work.job === null;
}

/** Whether weights have one scale each and nothing makes up for it. */
export function isRuined({ project: { recipe } }: StudioState): boolean {
  return recipe?.present.weights.granularity === "tensor" && !recipe.present.corrections.equalization;
}

/** The first of the one list of culprits; null while it is being looked for. */
export function culpritOf(state: StudioState): Culprit | null {
  if (diagnosisIsStale(state)) return null;
  return state.results.diagnosis?.culprits.list[0] ?? null;
}

export function measuredBy({ results: { evaluation } }: StudioState): Measured | null {
  const top1 = evaluation?.result.top1;
  return evaluation && top1 ? { float: top1.float, int8: top1.quantized, samples: evaluation.result.labelled } : null;
}

/** A drop of top-1, as a share. */
const LITTLE = 0.01;

function costOf(measured: Measured | null): string {
  if (!measured) return "";
  const { float, int8, samples } = measured;
  const lost = float - int8;
  const verdict = lost <= 0 ? "nothing is lost" : lost <= LITTLE ? "next to nothing is lost" : points(-lost);
  return `Top-1 on ${samples} pictures: float ${percent(float)}, int8 ${percent(int8)}: ${verdict}.`;
}

function fall(before: Measured | null, ruined: Measured | null): string {
  if (!ruined) return "";
  const from = before?.int8 ?? ruined.float;
  const fallen = from - ruined.int8;
  return `${percent(from)} → ${percent(ruined.int8)}: ${fallen > LITTLE ? `${significant(fallen * 100)} points are lost` : "it still holds"}.`;
}

function rise(ruined: Measured | null, saved: Measured | null): string {
  if (!saved) return "";
  const from = ruined ? `${percent(ruined.int8)} → ` : "";
  return `${from}${percent(saved.int8)}, float ${percent(saved.float)}: ${saved.float - saved.int8 <= LITTLE ? "saved" : "better"}.`;
}
