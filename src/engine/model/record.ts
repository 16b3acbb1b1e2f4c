/**
 * A record's own entry: names come from model files, and may be "constructor". One is made by Object.fromEntries, or by a
 * computed key: setting the entry "__proto__" of an object would change its prototype instead.
 */
export function own<T>(record: Readonly<Record<string, T>>, key: string): T | undefined {
  return Object.hasOwn(record, key) ? record[key] : undefined;
}
