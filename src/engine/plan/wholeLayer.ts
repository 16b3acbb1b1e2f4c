import type { Layer } from "../model/summary.ts";
import type { Candidate } from "./candidates.ts";

/** A planned layer of formats in which none becomes an operator of the runtime's own, or finds scales at run time. */
export interface WholeLayer extends Layer, Pick<Candidate, "node" | "descriptor" | "weightUse" | "follower"> {
  readonly ownOperator: null;
  readonly runTime: null;
}

export const WHOLE = { weightUse: null, follower: null, ownOperator: null, runTime: null } as const;
