/** How long the layers of the model that would be exported took, each in its runs. */
export interface LayerTimes {
  /** Milliseconds, the median of the runs, of what computes a layer and of what is fused with it. */
  readonly layers: readonly { readonly layer: string; readonly milliseconds: number }[];
  /** The same of all else, such as QuantizeLinear at an input. */
  readonly others: number;
  readonly runs: number;
  readonly threads: number;
  readonly runtime: string;
}
