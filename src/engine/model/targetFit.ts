import type { TargetName } from "./target.ts";

/** What becomes of a layer on a target: run elsewhere is what "falls back", and what is "not accepted" keeps a model off it. */
export const FATES = ["integer", "float", "falls back", "not accepted"] as const;
export type Fate = (typeof FATES)[number];

export interface LayerFate {
  readonly layer: string;
  readonly operator: string;
  readonly fate: Fate;
  /** Why it is not in integers, or runs elsewhere; null where it is. */
  readonly why: string | null;
}

/** How a model fits a target, with what choosing that sets: worked out from a plan, without a run. */
export interface TargetFit {
  readonly target: TargetName;
  readonly operators: readonly { readonly operator: string; readonly fates: Readonly<Partial<Record<Fate, number>>> }[];
  readonly layers: readonly LayerFate[];
}
