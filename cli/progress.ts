import type { Progress } from "../src/engine/model/job.ts";

/** Seconds without which a rate says nothing. */
const LEAST_SECONDS = 1;

/** One line on a task's progress, with its rate and the time left once `seconds` have told them. */
export function progressLine({ task, done, total, unit }: Progress, seconds: number): string {
  const line = `${task}: ${done} of ${total} ${unit}`;
  if (done === 0 || seconds < LEAST_SECONDS) return line;
  const rate = done / seconds;
  return `${line}, ${rate.toPrecision(2)} ${unit}/s, ${duration((total - done) / rate)} left`;
}

function duration(seconds: number): string {
  const whole = Math.ceil(seconds);
  return whole < 60 ? `${whole} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`;
}
