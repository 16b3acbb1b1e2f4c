import { useSyncExternalStore } from "react";
import { clamp } from "../../engine/values/clamp.ts";

const SHARE = 0.29;
const MOST = 420;

function follow(changed: () => void): () => void {
  addEventListener("resize", changed);
  return () => removeEventListener("resize", changed);
}

/** The height of a main chart in whole pixels: a part of the window's, and `least` at least. */
export function useChartHeight(least: number): number {
  return useSyncExternalStore(follow, () => Math.floor(clamp(innerHeight * SHARE, least, MOST)));
}
