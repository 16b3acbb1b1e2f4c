import type { Operator } from "./operator.ts";

export const ADD: Operator = { kind: "compute", operands: "all" };

export const MUL: Operator = { kind: "compute", operands: "all", relays: true };

export const CONCAT: Operator = {
  kind: "compute",
  operands: "all",
  holds: () => "all",
  passage: { kind: "joined", shifts: false },
  relays: true,
};

/** A pool that averages. */
export const POOL: Operator = { kind: "compute", operands: "first", passage: { kind: "pooled", shifts: false } };
