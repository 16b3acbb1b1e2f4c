import type { Operator } from "./operator.ts";

/** W and R, [directions, gates x hidden, inputs]: a scale for each row of each direction. Bias, states and peepholes stay as they are. */
export const recurrent = (operator: string): Operator => ({
  kind: "float",
  reason: { code: "recurrent", operator },
  keeps: [1, 2].map((input) => ({ input, axes: [0, 1] })),
});

export const NORMALIZES: Operator = { kind: "float", reason: { code: "normalizes" } };
export const BATCH_NORMALIZATION: Operator = { kind: "float", reason: { code: "not-folded" } };
export const HOLDS_GRAPH: Operator = { kind: "float", reason: { code: "holds-graph" }, relays: () => true };
export const SHAPE: Operator = { kind: "float", reason: { code: "no-gain", operator: "Shape" } };

export const IDENTITY: Operator = {
  kind: "float",
  reason: { code: "no-gain", operator: "Identity" },
  holds: () => "first",
  relays: () => true,
};

/** Its integers are the model's own. */
export const IN_INTEGERS: Operator = { kind: "float", reason: { code: "in-integers" }, relays: () => true };

/** At inference it is an Identity; its third input may make it train. */
export const DROPOUT: Operator = {
  kind: "float",
  reason: { code: "no-gain", operator: "Dropout" },
  holds: (node) => (node.input[2] ? null : "first"),
  relays: () => true,
};
