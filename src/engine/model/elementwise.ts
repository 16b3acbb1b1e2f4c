/** What was decided of layers without weights on samples. */
export interface ElementwiseDecision {
  /** Those that stay in float, and those that are computed in integers, by name. */
  readonly unjoined: readonly string[];
  readonly joined: readonly string[];
  /** How many samples it was measured on. */
  readonly samples: number;
  /** The worst output's SQNR, dB, as decided, with all joined and with all in float; null where nothing was measured. */
  readonly sqnr: {
    readonly decided: number | null;
    readonly joined: number | null;
    readonly float: number | null;
  } | null;
}
