export interface Accuracy {
  /** Shares, 0..1, of the same samples. */
  readonly float: number;
  readonly quantized: number;
  /** float - quantized, and its 95 % confidence interval, paired by sample. */
  readonly drop: number;
  readonly interval: readonly [number, number];
}

/**
 * How close a quantized output is to the float one, over all samples. Agreement, SQNR, cosine and KL are null where they would mean
 * nothing: the float output is one value, the same in every sample, or nowhere finite, or no pair of values is finite in both.
 */
export interface OutputError {
  readonly name: string;
  /**
   * Share of rows whose largest element is the same. A row is what lies along the last axis longer than 1; null where
   * no axis is, or no row is finite in both models.
   */
  readonly agreement: number | null;
  /** dB. */
  readonly sqnr: number | null;
  readonly mse: number;
  readonly mae: number;
  readonly cosine: number | null;
  /**
   * Mean KL(softmax(float) || softmax(quantized)) of a row in nats, of the rows themselves where they are
   * probabilities; null where agreement is.
   */
  readonly kl: number | null;
  /** Pairs of values left out because one is NaN or infinite; agreement and KL leave out their whole rows. */
  readonly nonFinite: number;
}

/** Milliseconds a run of one sample. */
export interface Latency {
  readonly p50: number;
  readonly p95: number;
}

export interface Evaluation {
  readonly samples: number;
  readonly labelled: number;
  /** Null without labels, without class scores, and where these mean nothing in the float model (OutputError); so is the verdict. */
  readonly top1: Accuracy | null;
  readonly top5: Accuracy | null;
  /** The drop of top-1 allowed, as a share, and whether it was kept. */
  readonly verdict: { readonly limit: number; readonly passed: boolean } | null;
  readonly outputs: readonly OutputError[];
  readonly bytes: { readonly float: number; readonly quantized: number };
  readonly latency: {
    readonly float: Latency;
    readonly quantized: Latency;
    readonly runs: number;
    readonly runtime: string;
    readonly machine: string;
    readonly threads: number;
  };
  readonly notices: readonly import("./job.ts").Notice[];
}

/** A recipe measured on a few samples, on the very bytes that would be exported: quick, and coarse. */
export interface Probe {
  readonly samples: number;
  /** The output compared: the first of class scores, else the first of all, of those that mean something where any does. */
  readonly output: string;
  /** dB; as of an OutputError. */
  readonly sqnr: number | null;
  /** As of an OutputError. */
  readonly agreement: number | null;
  readonly kl: number | null;
  /** Top-1 of float less top-1 of quantized, as a share; null where the accuracy of an Evaluation is. */
  readonly drop: number | null;
  /** Of the quantized file. */
  readonly bytes: number;
  readonly seconds: number;
  /** Of outputs that mean nothing. */
  readonly notices: readonly import("./job.ts").Notice[];
}
