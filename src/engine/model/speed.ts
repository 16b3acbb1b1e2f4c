/** How long one run takes of the float model and of what may be written of it, on this machine, one sample on one thread. */
export interface SpeedTrial {
  /** Milliseconds, medians of runs in turn. */
  readonly float: number;
  /** What was tried, quickest first. */
  readonly candidates: readonly { readonly name: string; readonly milliseconds: number }[];
  readonly runs: number;
}
