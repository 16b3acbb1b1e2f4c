import type { Operator } from "./operator.ts";

export const recurrent = (operator: string): Operator => ({ kind: "float", reason: { code: "recurrent", operator } });
export const NORMALIZES: Operator = { kind: "float", reason: { code: "normalizes" } };
export const BATCH_NORMALIZATION: Operator = { kind: "float", reason: { code: "not-folded" } };
export const HOLDS_GRAPH: Operator = { kind: "float", reason: { code: "holds-graph" } };

export const IDENTITY: Operator = {
  kind: "float",
  reason: { code: "no-gain", operator: "Identity" },
  holds: () => "first",
};

/** At inference it is an Identity; its third input may make it train. */
export const DROPOUT: Operator = {
  kind: "float",
  reason: { code: "no-gain", operator: "Dropout" },
  holds: (node) => (node.input[2] ? null : "first"),
};
