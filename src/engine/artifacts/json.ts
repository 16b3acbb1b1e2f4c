const WIDTH = 100;

/**
 * Deterministic JSON for people: what fits on a line, and lists of plain values, stay on one line. Keys keep their
 * order. JSON has no NaN or infinities: they become the strings "NaN", "Infinity" and "-Infinity", as in protobuf's
 * JSON mapping.
 */
export function writeJson(value: unknown): string {
  return `${layOut(value, "")}\n`;
}

/** The same with no white space at all. */
export function writeCompactJson(value: unknown): string {
  return JSON.stringify(value, (_, member: unknown) =>
    typeof member === "number" && !Number.isFinite(member) ? String(member) : member,
  );
}

function layOut(value: unknown, indent: string): string {
  if (!isNested(value)) return writeCompactJson(value);
  const [open, close] = Array.isArray(value) ? ["[", "]"] : ["{", "}"];
  const deeper = `${indent}  `;
  const written = Array.isArray(value)
    ? value.map((item: unknown) => layOut(item, deeper))
    : Object.entries(value).map(([key, member]) => `${JSON.stringify(key)}: ${layOut(member, deeper)}`);
  const line = open + written.join(", ") + close;
  const isPlainList = Array.isArray(value) && !value.some(isNested);
  if (isPlainList || (indent.length + line.length <= WIDTH && !line.includes("\n"))) return line;
  return `${open}\n${deeper}${written.join(`,\n${deeper}`)}\n${indent}${close}`;
}

function isNested(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}
