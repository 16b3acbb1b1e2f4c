import { InputError } from "../model/job.ts";

/** One of several parts, in the file of that name. */
export type NamedPart<P> = readonly [name: string, part: P];

/** What parts make together. */
export interface Whole<P> {
  /** As a person calls it, such as "calibration". */
  readonly noun: string;
  /** What would come of a part that is there twice. */
  readonly twice: string;
  /** What parts of one whole have in common: how a difference is said, and what is compared. */
  readonly common: readonly (readonly [what: string, of: (part: P) => unknown])[];
}

/** How many missing parts are named. */
const TOLD = 10;

/** All parts of one whole, in their order. Throws InputError, which names the file, where one is unlike the first, there twice, or missing. */
export function wholeOf<P extends { readonly shard: { readonly index: number; readonly of: number } }>(
  given: readonly NamedPart<P>[],
  { noun, twice, common }: Whole<P>,
): readonly NamedPart<P>[] {
  const ordered = [...given].sort(([, a], [, b]) => a.shard.index - b.shard.index);
  const [name, first] = ordered[0]!;
  const told = (value: unknown) => JSON.stringify(value instanceof Set ? [...value].sort() : value);
  for (const [other, part] of ordered.slice(1)) {
    const differs = common.find(([, of]) => told(of(first)) !== told(of(part)));
    if (differs) {
      throw new InputError(`${other} is of ${differs[0]} than ${name}; merge the shards of one ${noun}.`);
    }
  }
  const { of } = first.shard;
  const names = new Map<number, string>();
  for (const [name, { shard }] of ordered) {
    if (shard.index > of)
      throw new InputError(`${name} is shard ${shard.index} of ${of}, which there is not; run it again.`);
    const twin = names.get(shard.index);
    if (twin !== undefined) {
      throw new InputError(
        `${twin} and ${name} are both shard ${shard.index} of ${of}, so that ${twice}; leave one out.`,
      );
    }
    names.set(shard.index, name);
  }
  const missing: number[] = [];
  for (let index = 1; missing.length <= TOLD && index <= of; index++) if (!names.has(index)) missing.push(index);
  if (missing.length === 0) return ordered;
  const which =
    missing.length === 1
      ? `Shard ${missing[0]} of ${of} is`
      : `Shards ${missing.slice(0, TOLD).join(", ")}${missing.length > TOLD ? ", ..." : ""} of ${of} are`;
  throw new InputError(`${which} missing; give every shard of the ${noun}.`);
}
