import type { Progress } from "../src/engine/model/job.ts";
import { significantTo } from "../src/engine/values/figures.ts";
import { countdown } from "../src/engine/values/units.ts";

/** Seconds without which a rate says nothing. */
const LEAST_SECONDS = 1;

/** One line on a task's progress, with its rate and the time left once `seconds` have told them. */
export function progressLine({ part, ...whole }: Progress, seconds: number): string {
  const { done, total, unit } = whole;
  const line = amount(whole);
  const at = part ? `; ${amount(part)}` : "";
  if (done === 0 || seconds < LEAST_SECONDS) return line + at;
  const rate = done / seconds;
  return `${line}, ${significantTo(rate, 2)} ${unit}/s, ${countdown((1000 * (total - done)) / rate)} left${at}`;
}

function amount({ task, done, total, unit }: Progress): string {
  return `${task}: ${done} of ${total} ${unit}`;
}
