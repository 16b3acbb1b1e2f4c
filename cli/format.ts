/** Bytes as a person reads them, in powers of 1000. */
export function bytesText(bytes: number): string {
  if (bytes < 1e3) return `${bytes} B`;
  return bytes < 1e6 ? `${significant(bytes / 1e3)} kB` : `${significant(bytes / 1e6)} MB`;
}

export function dimsText(dims: readonly (number | string | null)[]): string {
  return `[${dims.map((dim) => dim ?? "?").join(", ")}]`;
}

/** Three significant digits. */
export function significant(value: number): string {
  return Number.isFinite(value) ? String(Number(value.toPrecision(3))) : String(value);
}

export function percentText(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}
