import { isObject } from "../../schema/running.ts";
import { type Json, lacks, type PastShape } from "./shape.ts";

const isSilent = (point: unknown): point is Json => isObject(point) && lacks(point, "perplexity");

/** What searches were before they had every field of today. */
export const PAST_TUNINGS: readonly PastShape[] = [
  {
    // Next tokens were not judged.
    is: ({ points }) => Array.isArray(points) && points.some(isSilent),
    next: (tuning) => ({
      ...tuning,
      points: (tuning.points as readonly unknown[]).map((point) =>
        isSilent(point) ? { ...point, perplexity: null } : point,
      ),
    }),
  },
];
