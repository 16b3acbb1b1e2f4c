/** JSON in which the names of records are in order: values that are equal have one text. */
export function textOf(value: unknown): string {
  return JSON.stringify(value, (_, entry: unknown) =>
    entry !== null && typeof entry === "object" && !Array.isArray(entry)
      ? Object.fromEntries(Object.entries(entry).sort(([a], [b]) => (a < b ? -1 : 1)))
      : entry,
  );
}

export function sameValue(a: unknown, b: unknown): boolean {
  return a === b || textOf(a ?? null) === textOf(b ?? null);
}
