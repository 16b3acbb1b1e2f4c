const GROUPED = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });

/** Three significant digits: 0.0235, 1,230, 1.20e−7. Not-a-number is an en dash, infinity its sign. */
export function significant(value: number): string {
  return significantTo(value, 3);
}

/** The same of another number of digits. */
export function significantTo(value: number, digits: number): string {
  if (Number.isNaN(value)) return "–";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞";
  return withMinus(digitsOf(value, digits));
}

function digitsOf(value: number, digits: number): string {
  const size = Math.abs(value);
  if (size === 0) return "0";
  if (size < 1e-3 || size >= 1e7) return value.toExponential(digits - 1).replace("e+", "e");
  return size >= 10 ** digits - 0.5 ? GROUPED.format(Number(value.toPrecision(digits))) : value.toPrecision(digits);
}

/** Significant digits with a sign, zero without one. */
export function signed(value: number): string {
  return value > 0 ? `+${significant(value)}` : significant(value);
}

/** A cosine, whose last decimals count. */
export function cosineText(value: number, decimals = 5): string {
  return Number.isNaN(value) ? significant(value) : withMinus(value.toFixed(decimals));
}

/** A whole number, its thousands apart. */
export function count(value: number): string {
  return withMinus(GROUPED.format(value));
}

/** "a", "a and b", "a, b and c". */
export function listed(names: readonly string[]): string {
  return [names.slice(0, -1).join(", "), ...names.slice(-1)].filter(Boolean).join(" and ");
}

/** The first names of many, and how many more there are: "a, b and 48 more". */
export function firstOf(names: readonly string[], most = 10): string {
  const more = names.length - most;
  return names.slice(0, most).join(", ") + (more > 0 ? ` and ${count(more)} more` : "");
}

/** "1 layer", "2 layers". */
export function plural(value: number, noun: string): string {
  return `${count(value)} ${noun}${value === 1 ? "" : "s"}`;
}

export function interval(range: { readonly low: number; readonly high: number }): string {
  return `${significant(range.low)} to ${significant(range.high)}`;
}

function withMinus(text: string): string {
  return text.replaceAll("-", "−");
}
