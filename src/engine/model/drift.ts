import type { Notice } from "./job.ts";
import type { Range } from "./range.ts";

/** What new data is beside that which calibrated. */
export const DRIFT_VERDICTS = ["fine", "recalibrate", "other data"] as const;
export type DriftVerdict = (typeof DRIFT_VERDICTS)[number];

/** How new values of a tensor lie beside those that calibrated it, under the range of the codes that stand for it. */
export interface TensorDrift {
  readonly tensor: string;
  /** The layer that makes it; null for a model input. */
  readonly producer: string | null;
  /** What its codes reach. */
  readonly range: Range;
  /** Shares of the finite values outside the range, 0..1. */
  readonly clipped: { readonly calibrated: number; readonly seen: number };
  /** How far the furthest value lies outside the range, as a share of its width; Infinity where that is 0. */
  readonly overrun: { readonly calibrated: number; readonly seen: number };
  /** KL(new || calibrated) of the histograms, nats (numerics/divergence.ts). */
  readonly kl: number;
  /** Values that are NaN or infinite. */
  readonly nonFinite: { readonly calibrated: number; readonly seen: number };
}

/** The tensors that have moved most, at most `most` of them, by KL. */
export function mostMoved(tensors: readonly TensorDrift[], most: number): readonly TensorDrift[] {
  return tensors.toSorted((a, b) => b.kl - a.kl).slice(0, most);
}

/** From where on new data is said to be other: docs/drift.md has what each was measured on. */
export interface DriftLimits {
  /** KL of a tensor, nats, from which its range is to be chosen anew. */
  readonly kl: number;
  /** KL of a tensor, nats, from which the data is another kind. */
  readonly otherKl: number;
  /** Share of a tensor's values that is clipped beyond what was clipped of those that calibrated, and beyond what one new sample holds. */
  readonly clipped: number;
  /** How far values lie outside the range, beyond what those that calibrated did, as a share of its width. */
  readonly overrun: number;
}

export const DRIFT_LIMITS: DriftLimits = { kl: 0.25, otherKl: 0.5, clipped: 0.02, overrun: 5 };

/** New data beside a calibration. Everything is counted but the verdict, which follows from limits. */
export interface Drift {
  readonly verdict: DriftVerdict;
  /** Why, in a sentence with the figure and its limit. */
  readonly reason: string;
  readonly limits: DriftLimits;
  readonly samples: { readonly calibrated: number; readonly seen: number; readonly skipped: number };
  /** In graph order. */
  readonly tensors: readonly TensorDrift[];
  readonly notices: readonly Notice[];
}
