import type { ModelKind } from "../model/advice.ts";

/** A figure of docs/advice.md, in a sentence, and the model that it was measured on. */
export interface Reference {
  readonly says: string;
  readonly on: string;
}

/** What scales from samples came to on models of a kind; null where none was measured. */
export const FROM_SAMPLES: Readonly<Record<ModelKind, Reference | null>> = {
  cnn: { says: "A CNN in integers kept 35.9 dB in 0.49 of float's time.", on: "squeezenet1.1" },
  depthwise: {
    says: "A CNN with its depthwise layers in integers too kept 24.4 dB in 0.54 of float's time.",
    on: "mobilenet_v1_0.75_224",
  },
  detector: {
    says: "One detector in integers kept 46.3 dB in 0.35 of float's time, a smaller one 16.1 dB in 1.04 of it.",
    on: "ultraface_rfb320 and fastestdet",
  },
  recurrent: {
    says: "With LSTMs in float, their weights in int8, and all else in integers 35.6 dB were kept in 0.75 of float's time.",
    on: "silero_vad_v5",
  },
  bytes: null,
  decoder: { says: "Scales from samples left a perplexity of 2.926, of 2.898 in float.", on: "stories260K" },
  encoder: {
    says: "With scales from samples 19.6 dB were kept in 0.70 of float's time, with those found as the model runs 19.1 dB in 0.99 of it.",
    on: "ppocrv4_rec",
  },
  spectrogram: null,
  other: null,
};

/** Whether a model of a kind was measured at all. */
export function isMeasured(kind: ModelKind): boolean {
  return FROM_SAMPLES[kind] !== null;
}

/** What scales found as the model runs came to, where that was better. */
export const AT_RUN_TIME: Readonly<Partial<Record<ModelKind, Reference>>> = {
  decoder: {
    says: "With scales of activations found as the model runs perplexity was 2.906, with scales from samples 2.926, in float 2.898, in as much time and in fewer bytes.",
    on: "stories260K",
  },
};

/** A spectrogram of which the logarithm is taken. */
export const FRONT_END: Reference = {
  says: "The logarithm of a spectrogram in int8 is noise: 4.7 dB were kept of what a CNN made of it, and 24.6 dB with the spectrogram computed in float and all that reads it in integers.",
  on: "openWakeWord's melspectrogram and embedding_model in one",
};

/** Weights in 8 bits alone, widened as the file is loaded. */
export const KEPT_IN_FLOAT: Reference = {
  says: "Small layers take no less time in integers: with weights in int8 that the runtime makes float as it loads the file 24.3 dB were kept in 0.99 of float's time, all in integers 16.1 dB in 1.08 of it.",
  on: "fastestdet",
};

/** Weights alone, in blocks of 4 bits that MatMulNBits multiplies by floats. */
export const BLOCKS: Reference = {
  says: "Weights in blocks of 4 bits kept a perplexity of 3.154 in 1500 kB, scales found as the model runs 2.906 in 1597 kB, of 2.898 in float.",
  on: "stories260K",
};

/** Where graphics processors compute in float16 anyway. */
export const HALVES: Reference = {
  says: "float16 kept a perplexity of 2.898 in 1240 kB, weights in int8 2.900 in 1609 kB, of 2.898 in float.",
  on: "stories260K",
};

/** The same, with weights of matrices in blocks of 4 bits. */
export const QUARTERS: Reference = {
  says: "Weights in 4 bits with all else in float16 kept a perplexity of 3.154 in 883 kB, float16 alone 2.898 in 1240 kB.",
  on: "stories260K",
};

export const UNSIGNED: Reference = {
  says: "Asymmetric uint8 kept 34.0 dB, symmetric int8 29.4 dB: it leaves half of its codes to values that a Relu never gives.",
  on: "squeezenet1.1, biases not corrected",
};

/** Layers without weights. */
export const DECIDED: Reference = {
  says: "Decided on samples 46.4 dB were kept, with all of them in integers 43.9 dB.",
  on: "ultraface_rfb320",
};
