import { clamp } from "../../engine/values/clamp.ts";

const STOPS = 5;

/** The ramp for sensitivity as a CSS colour: 0 little, 1 much; perceptually uniform, and it follows the theme. */
export function rampColor(t: number): string {
  const place = clamp(t, 0, 1) * (STOPS - 1);
  const below = Math.min(STOPS - 2, Math.floor(place));
  const above = ((place - below) * 100).toFixed(1);
  return `color-mix(in oklab, var(--ramp-${below + 1}) ${above}%, var(--ramp-${below}))`;
}
