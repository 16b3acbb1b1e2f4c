/** What an Einsum adds up: a letter for each axis. */
interface Equation {
  readonly terms: readonly string[];
  readonly result: string;
  /** How many places each letter has. */
  readonly sizes: ReadonlyMap<string, number>;
}

/** Null for what is not understood, an ellipsis among it. */
export function equationOf(text: string, shapes: readonly (readonly number[])[]): Equation | null {
  const [left = "", right] = text.replace(/\s+/g, "").split("->");
  const terms = left.split(",");
  const counts = new Map<string, number>();
  for (const letter of terms.join("")) counts.set(letter, (counts.get(letter) ?? 0) + 1);
  const result =
    right ??
    [...counts.keys()]
      .filter((letter) => counts.get(letter) === 1)
      .sort()
      .join("");
  const isPlain = [...terms, result].every((term) => /^[A-Za-z]*$/.test(term));
  if (!isPlain || terms.length !== shapes.length || new Set(result).size !== result.length) return null;
  const sizes = new Map<string, number>();
  for (const [i, term] of terms.entries()) {
    if (term.length !== shapes[i]?.length) return null;
    for (const [axis, letter] of [...term].entries()) {
      const dim = shapes[i]?.[axis] as number;
      if ((sizes.get(letter) ?? dim) !== dim) return null;
      sizes.set(letter, dim);
    }
  }
  return [...result].every((letter) => sizes.has(letter)) ? { terms, result, sizes } : null;
}
