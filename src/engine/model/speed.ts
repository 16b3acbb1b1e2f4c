/** How long one run takes of the float model and of what may be written of it, on this machine, one sample at a time. */
export interface SpeedTrial {
  /** Milliseconds, the median of the rounds. */
  readonly float: number;
  /** What was tried, quickest first: milliseconds likewise, and the median of the times over float's of the same round. */
  readonly candidates: readonly {
    readonly name: string;
    readonly milliseconds: number;
    readonly ofFloat: number;
  }[];
  /** Which of the candidates is written. */
  readonly written: string;
  /** Whether that computes every layer in float, weights in 8 bits. */
  readonly computedInFloat: boolean;
  readonly runs: number;
  readonly threads: number;
  readonly runtime: string;
}
