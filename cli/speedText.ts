import type { SpeedTrial } from "../src/engine/model/speed.ts";
import { plural, significant } from "../src/engine/values/figures.ts";

/** What was timed, a line each. */
export function speedText({ float, candidates, written, runs, threads, runtime }: SpeedTrial): string[] {
  return [
    `Written: ${written}. Measured with one sample on ${plural(threads, "thread")} of this machine, ${runtime}, medians of ${runs} rounds in turn: float ${significant(float)} ms`,
    ...candidates.map(
      ({ name, milliseconds, ofFloat }) =>
        `  ${name}: ${significant(milliseconds)} ms, ${ofFloat.toFixed(2)} of float's time`,
    ),
  ];
}
