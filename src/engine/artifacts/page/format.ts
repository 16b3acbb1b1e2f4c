const GROUPED = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const BYTE_UNITS = ["B", "kB", "MB", "GB"] as const;

/** Three significant digits; NaN is an en dash. */
export function significant(value: number): string {
  if (Number.isNaN(value)) return "–";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞";
  if (value === 0) return "0";
  const size = Math.abs(value);
  const digits =
    size < 1e-3 || size >= 1e7
      ? value.toExponential(2).replace("e+", "e")
      : size >= 999.5
        ? GROUPED.format(Number(value.toPrecision(3)))
        : value.toPrecision(3);
  return digits.replaceAll("-", "−");
}

/** With its sign, save for zero. */
export function signed(value: number): string {
  return value > 0 ? `+${significant(value)}` : significant(value);
}

export function count(value: number): string {
  return GROUPED.format(value);
}

/** A share 0..1 in percent, to two decimals. */
export function percent(share: number): string {
  return `${(share * 100).toFixed(2).replace("-", "−")} %`;
}

/** A share in percent where small ones matter: three significant digits. */
export function smallPercent(share: number): string {
  if (share === 0) return "0 %";
  return share < 1e-6 ? "<0.0001 %" : `${share < 1e-5 ? (share * 100).toFixed(4) : significant(share * 100)} %`;
}

/** The change of a share, in percentage points. */
export function points(change: number): string {
  const text = (change * 100).toFixed(2).replace("-", "−");
  return `${change > 0 ? "+" : ""}${text} pt`;
}

/** Decimal units: 1,000 bytes are 1 kB. */
export function byteSize(bytes: number): string {
  let unit = 0;
  let value = bytes;
  while (value >= 999.5 && unit < BYTE_UNITS.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${unit === 0 ? count(value) : significant(value)} ${BYTE_UNITS[unit]}`;
}

export function decibel(value: number): string {
  return Number.isFinite(value) ? `${value.toFixed(1).replace("-", "−")} dB` : `${significant(value)} dB`;
}

export function plural(value: number, noun: string): string {
  return `${count(value)} ${noun}${value === 1 ? "" : "s"}`;
}
