import { intOf } from "../onnx/attributes.ts";
import type { Operator } from "./operator.ts";

/** Two activations added are features, a residual or gates at work. */
export const ADD: Operator = {
  kind: "compute",
  operands: "all",
  adds: true,
  relays: ({ input }, index) => input.some((name) => index.initializer(name)),
};

export const MUL: Operator = { kind: "compute", operands: "all", relays: () => true };

export const SUB: Operator = {
  kind: "float",
  reason: { code: "no-gain", operator: "Sub" },
  relays: () => true,
  elsewhere: { kind: "compute", operands: "all" },
};

export const REDUCE_MEAN: Operator = {
  kind: "float",
  reason: { code: "no-gain", operator: "ReduceMean" },
  relays: () => true,
  elsewhere: { kind: "compute", operands: "first" },
};

/** Gives values of its second or third input, as its first says. */
export const WHERE: Operator = { kind: "compute", operands: "all", relays: () => true, isLate: true, passesFrom: 1 };

export const CONCAT: Operator = {
  kind: "compute",
  operands: "all",
  holds: () => "all",
  passesFrom: 0,
  passage: (node) => (intOf(node, "axis") === 1 ? { kind: "joined", shifts: false } : null),
  relays: () => true,
};

/** A pool that averages. */
export const POOL: Operator = {
  kind: "compute",
  operands: "first",
  passage: () => ({ kind: "pooled", shifts: false }),
  relays: () => true,
};
