import type { Tallies } from "./tally.ts";

/** What the watching process asks of the one that reads. */
export type Task =
  | {
      readonly kind: "range";
      readonly seed: number;
      readonly from: number;
      readonly to: number;
      /** Whether each input is watched, or what several in a row take together, which is quicker. */
      readonly isExact: boolean;
      /** Inputs that ended a process before, or were counted otherwise. */
      readonly without: ReadonlySet<number>;
      /** Kinds of defects that are known: they are counted and no more. */
      readonly known: ReadonlySet<string>;
    }
  | { readonly kind: "one"; readonly format: string; readonly bytes: Uint8Array }
  | { readonly kind: "make"; readonly seed: number; readonly index: number };

/** Inputs that are watched together where each alone is not. */
export const TOGETHER = 25;

export interface Defect {
  readonly format: string;
  readonly extension: string;
  /** By which one defect is told apart from others. */
  readonly kind: string;
  /** What a person would have been shown, or what ended the process. */
  readonly message: string;
  /** The number of the input under the seed. */
  readonly index: number;
  readonly bytes: Uint8Array;
}

export type Report =
  | { readonly kind: "ready" }
  /** Inputs up to `upTo`, which is left out, since the last report. */
  | { readonly kind: "counted"; readonly upTo: number; readonly tallies: Tallies }
  | { readonly kind: "found"; readonly defect: Defect }
  /** So long, or so much memory, was taken from this input on that this process can tell no more. */
  | { readonly kind: "heavy"; readonly index: number }
  | { readonly kind: "finished" }
  | { readonly kind: "answer"; readonly problem: { readonly kind: string; readonly message: string } | null }
  | { readonly kind: "made"; readonly format: string; readonly extension: string; readonly bytes: Uint8Array };
