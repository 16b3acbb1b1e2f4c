const GROUPED = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });

/** Three significant digits: 0.0235, 1,230, 1.2e-7 as 1.20e-7. Not-a-number is an en dash, infinity its sign. */
export function significant(value: number): string {
  if (Number.isNaN(value)) return "–";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "-∞";
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size < 1e-3 || size >= 1e7) return value.toExponential(2).replace("e+", "e");
  if (size >= 999.5) return GROUPED.format(Number(value.toPrecision(3)));
  return value.toPrecision(3);
}

/** A share 0..1 in percent; one above zero but below `least` is only said to be less. */
export function percent(share: number, least = 1e-5): string {
  if (share > 0 && share < least) return `<${least * 100} %`;
  return `${significant(share * 100)} %`;
}

/** The change between two shares, in percentage points, always with its sign. */
export function points(change: number): string {
  return `${signed(change * 100)} pt`;
}

/** Three significant digits with a sign, zero without one. */
export function signed(value: number): string {
  return value > 0 ? `+${significant(value)}` : significant(value);
}

/** How much larger or smaller the second is than the first, in percent with a sign. */
export function change(from: number, to: number): string {
  return `${signed((to / from - 1) * 100)} %`;
}

export function decibel(value: number): string {
  return `${significant(value)} dB`;
}

export function count(value: number): string {
  return GROUPED.format(value);
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

/** A stretch of time, in milliseconds, as a person says it: 840 ms, 12.4 s, 3 min 20 s, 2 h 5 min. */
export function duration(milliseconds: number): string {
  if (milliseconds < 1000) return `${significant(milliseconds)} ms`;
  const seconds = milliseconds / 1000;
  if (seconds < 60) return `${significant(seconds)} s`;
  const whole = Math.floor(seconds);
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}

/** Whole seconds of a wait, rounded up, so that a countdown stands still between its ticks. */
export function countdown(milliseconds: number): string {
  return duration(Math.max(1, Math.ceil(milliseconds / 1000)) * 1000).replace(/\.\d+ s/, " s");
}

export function interval(range: { readonly low: number; readonly high: number }): string {
  return `${significant(range.low)} to ${significant(range.high)}`;
}

/** "1 layer", "2 layers". */
export function plural(value: number, noun: string): string {
  return `${count(value)} ${noun}${value === 1 ? "" : "s"}`;
}
