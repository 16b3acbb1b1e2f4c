/** The page of the documentation that explains each screen, from the folder of its site (scripts/site). */
export const DOCUMENTATION = {
  start: "tutorial.html",
  model: "operators.html",
  data: "data.html",
  calibrate: "methods.html",
  layer: "diagnosis.html",
  culprits: "culprits.html",
  walk: "sensitivity.html",
  search: "tuning.html",
  rounding: "rounding.html",
  codes: "quantizer.html#weights-in-blocks",
  compare: "sensitivity.html#what-is-measured",
  export: "formats.html",
  graph: "graph.html",
  recipe: "quantizer.html",
  evaluation: "command-line.html#evaluate",
  advice: "advice.html",
  targets: "targets.html",
  family: "how-to/transformer.html",
  quantized: "inspecting.html",
  words: "index.html",
} as const;

export type Screen = keyof typeof DOCUMENTATION;
