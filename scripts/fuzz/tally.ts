/** How many inputs of a format came out how. */
export interface Tally {
  accepted: number;
  refused: number;
  defects: number;
}

export type Tallies = Map<string, Tally>;

export function count(tallies: Tallies, format: string, as: keyof Tally, by = 1): void {
  const tally = tallies.get(format) ?? { accepted: 0, refused: 0, defects: 0 };
  tally[as] += by;
  tallies.set(format, tally);
}

export function addTallies(to: Tallies, from: Tallies): void {
  for (const [format, tally] of from) {
    for (const as of ["accepted", "refused", "defects"] as const) count(to, format, as, tally[as]);
  }
}

export function inputsIn(tallies: Tallies): number {
  return [...tallies.values()].reduce((sum, { accepted, refused, defects }) => sum + accepted + refused + defects, 0);
}
