import { chanceOf } from "./chance.ts";
import { mutateRaw } from "./mutators/raw.ts";
import type { Subject } from "./subject.ts";

export interface Input {
  readonly subject: Subject;
  readonly bytes: Uint8Array;
}

const STRUCTURED = 65;

/** The input of this number: the same for a seed, whatever came before. */
export function inputOf(subjects: readonly Subject[], seed: number, index: number): Input {
  const chance = chanceOf(seed, index);
  let at = chance.below(subjects.reduce((sum, { weight }) => sum + weight, 0));
  const subject = subjects.find(({ weight }) => {
    at -= weight;
    return at < 0;
  })!;
  const { seeds } = subject;
  const bytes = chance.pick(seeds);
  const mutate = chance.percent(STRUCTURED) ? subject.structured : mutateRaw;
  return { subject, bytes: mutate(bytes, chance, seeds) };
}
