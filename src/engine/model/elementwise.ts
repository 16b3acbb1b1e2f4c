/** What was decided of layers without weights on samples, and of layers with weights that cost the outputs much. */
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
  /**
   * Layers with weights that stay in float, by name in the order of the graph, their share of all multiplications by weights, 0 to 1, and
   * the worst output's SQNR with them in float, dB, biases not corrected; null where none do.
   */
  readonly costly: {
    readonly layers: readonly string[];
    readonly share: number;
    readonly sqnr: number | null;
  } | null;
}
