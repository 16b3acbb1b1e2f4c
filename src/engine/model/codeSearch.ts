import {
  count,
  fields,
  finites,
  list,
  maybe,
  nullable,
  number,
  type Of,
  oneOf,
  record,
  text,
} from "../schema/define.ts";
import type { JobContext } from "./job.ts";
import { FOUND_CODES, PRINTS, SAMPLED_ALGORITHMS } from "./recipe.ts";

/** What finding codes did to one layer. */
const LAYER_CODES = fields({
  layer: text,
  weights: count,
  /** Squared error of the layer's products as a share of their own square, of the codes that need no samples and of those that were found. */
  plain: number,
  found: number,
  /** The second by the first. */
  left: number,
});
export type LayerCodes = Of<typeof LAYER_CODES>;

/** What scaling one tensor's channels did to the layers that read it. */
const SCALED_INPUT = fields({
  tensor: text,
  layers: list(text),
  /** Of the inputs' magnitudes: 0 leaves them as they are. */
  power: number,
  /** Squared error of these layers' products with the channels scaled, by that without. */
  left: number,
});
export type ScaledInput = Of<typeof SCALED_INPUT>;

/** What scaling inputs came to. */
const SCALING = fields({
  inputs: list(SCALED_INPUT),
  /** How many inputs there are to scale; fewer are in `inputs` where the search was cancelled. */
  wanted: count,
  /** Layers that read what nothing can be folded into: they keep scales of 1. */
  unscaled: list(text),
});
export type Scaling = Of<typeof SCALING>;

/** What samples came to for weights in blocks. */
export const CODE_SEARCH = fields({
  algorithm: oneOf(SAMPLED_ALGORITHMS),
  /** As the recipe keeps them; absent where none are asked for. */
  inputScales: maybe(record(finites)),
  codes: record(FOUND_CODES),
  layers: list(LAYER_CODES),
  /** How many layers there are to find codes for, where that is known; fewer are in `layers` where the search was cancelled. */
  wanted: nullable(count),
  /** Null where inputs were not scaled here. */
  scaling: nullable(SCALING),
  samples: count,
  learner: text,
  seconds: number,
  /** Of the samples that were read. */
  prints: PRINTS,
});
export type CodeSearch = Of<typeof CODE_SEARCH>;

export interface CodeRequest {
  /** The first so many samples are read. */
  readonly samples: number;
  /** What a search that was ended came to: it is not searched for again. */
  readonly resume: CodeSearch | null;
}

export interface CodeListener {
  readonly context: JobContext;
  /** What has been found after each tensor that is scaled, and each layer. */
  readonly onFound: (partial: CodeSearch) => void;
}
