import { lacks, type PastShape } from "./shape.ts";

/** What measured sensitivity was, where it is stored, before it had every field of today. */
export const PAST_SENSITIVITIES: readonly PastShape[] = [
  {
    // A run never ended early: layers were ranked on every sample.
    is: (sensitivity) => lacks(sensitivity, "ranked"),
    next: (sensitivity) => ({ ...sensitivity, ranked: sensitivity.samples }),
  },
  {
    is: (sensitivity) => lacks(sensitivity, "reliability"),
    next: (sensitivity) => ({ ...sensitivity, reliability: null }),
  },
  {
    is: (sensitivity) => lacks(sensitivity, "notices"),
    next: (sensitivity) => ({ ...sensitivity, notices: [] }),
  },
];
