/**
 * Operators whose result holds their operands' values, or sums of them, in one scale. A factor of a product has a scale of its own,
 * so that nothing is lost where the product is large.
 */
export const MIXES: ReadonlySet<string> = new Set(["Concat", "Add", "Sub", "Sum", "Mean", "Max", "Min", "Where"]);
