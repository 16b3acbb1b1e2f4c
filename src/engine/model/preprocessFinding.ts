import type { Preprocess, Preset } from "./preprocess.ts";

/** What is added to a label to get the class that it is thought to mean. */
export type LabelShift = -1 | 0 | 1;

/** A preprocessing that was tried on the float model. */
export interface PreprocessTrial {
  /** Null for tensors, which are taken as they are. */
  readonly preprocess: Preprocess | null;
  /** The preset that gives it; null where none does. */
  readonly preset: Preset | null;
  /**
   * Mean over the samples of the natural logarithm of the label's probability, each taken as at least 1e-7; without labels
   * of that of the likeliest class.
   */
  readonly logProbability: number;
}

/** How the float model answers samples under one preprocessing and another. */
export interface PreprocessFinding {
  /** Without labels it goes by how sharp the answers are, which is a hint and no more: nothing is confirmed by that. */
  readonly by: "labels" | "sharpness";
  /** Samples that each was tried on. */
  readonly samples: number;
  /** Best first; the one in use is among them. With labels shifted by `labelShift`. */
  readonly trials: readonly PreprocessTrial[];
  readonly inUse: PreprocessTrial;
  /** Best first of all, and better than the one in use by more than chance; null where there is none. */
  readonly better: PreprocessTrial | null;
  /** Whether the one in use is best, and better than every other by more than chance. */
  readonly isConfirmed: boolean;
  /** Other than 0 where the labels are off by one, by more than chance. */
  readonly labelShift: LabelShift;
  /** With that shift and without it, under the best preprocessing: what says so; null where there is none. */
  readonly shifted: { readonly from: number; readonly to: number } | null;
}

/** Whether labels say that accuracy would be judged on the wrong footing: they are off by one, or an assumption is. */
export function isDisproved({ by, better, labelShift }: PreprocessFinding, assumed: boolean): boolean {
  return by === "labels" && (labelShift !== 0 || (assumed && better !== null));
}
