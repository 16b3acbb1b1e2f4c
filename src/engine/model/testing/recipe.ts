import type { Recipe } from "../recipe.ts";

/** A recipe that asks for nothing special, of a model that is not there. */
export const PLAIN_RECIPE: Recipe = {
  version: 1,
  model: { name: "net", sha256: "00" },
  preparation: 1,
  format: "qdq",
  activations: { type: "uint8", symmetric: false },
  weights: { type: "int8", granularity: "channel", rounding: "nearest" },
  corrections: { equalization: false, bias: "none" },
  method: "auto",
  methods: {},
  ranges: {},
  float: { layers: [], operators: [], tensors: [] },
  elementwise: "join",
  preprocess: null,
  seed: null,
  inputs: { shapes: {}, values: {}, state: {} },
  resolved: null,
  factors: null,
  unjoined: null,
  biases: null,
  spared: null,
  rounding: null,
  prints: null,
};
