import { significant } from "./figures.ts";
import { roundHalfEven } from "./round.ts";

export function decibel(value: number): string {
  return `${significant(value)} dB`;
}

const BYTE_UNITS = ["B", "kB", "MB", "GB"] as const;

/** Decimal units: 1,000 bytes are 1 kB. */
export function byteSize(bytes: number): string {
  let unit = 0;
  let value = bytes;
  while (value >= 999.5 && unit < BYTE_UNITS.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${unit === 0 ? value : significant(value)} ${BYTE_UNITS[unit]}`;
}

/** Memory, in binary units: 2.5 GiB, or 300 MiB. */
export function memorySize(bytes: number): string {
  return bytes < 2 ** 30 ? `${significant(bytes / 2 ** 20)} MiB` : `${significant(bytes / 2 ** 30)} GiB`;
}

/** A stretch of time, in milliseconds, as a person says it: 840 ms, 12.4 s, 3 min 20 s, 2 h 5 min. */
export function duration(milliseconds: number): string {
  if (milliseconds < 999.5) return `${significant(milliseconds)} ms`;
  const seconds = milliseconds / 1000;
  if (seconds < 59.95) return `${significant(seconds)} s`;
  return minutes(roundHalfEven(seconds));
}

/** Whole seconds of a wait, rounded up, so that a countdown stands still between its ticks. */
export function countdown(milliseconds: number): string {
  const whole = Math.max(1, Math.ceil(milliseconds / 1000));
  return whole < 60 ? `${whole} s` : minutes(whole);
}

function minutes(seconds: number): string {
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
}
