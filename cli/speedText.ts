import type { SpeedTrial } from "../src/engine/model/speed.ts";
import { significant } from "../src/engine/values/figures.ts";

/** What was timed, a line each. */
export function speedText({ float, candidates, runs }: SpeedTrial): string[] {
  return [
    `One sample on one thread of this machine, medians of ${runs} runs in turn: float ${significant(float)} ms`,
    ...candidates.map(({ name, milliseconds }) => `  ${name}: ${significant(milliseconds)} ms`),
  ];
}
