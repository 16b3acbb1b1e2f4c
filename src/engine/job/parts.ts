import { InputError } from "../model/job.ts";

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

interface Part {
  readonly shard: { readonly index: number; readonly of: number };
}

/** The parts of one whole, given one after another in any order; of each its name is kept, of the first also what all have in common. */
export class Parts<P extends Part> {
  readonly #whole: Whole<P>;
  readonly #names = new Map<number, string>();
  #first: { readonly name: string; readonly of: number; readonly common: readonly string[] } | null = null;

  constructor(whole: Whole<P>) {
    this.#whole = whole;
  }

  /** Throws InputError, which names the file, where the part is unlike the first or there already. */
  add(name: string, part: P): void {
    const { noun, twice, common } = this.#whole;
    const { index, of } = part.shard;
    const told = common.map(([, value]) => textOf(value(part)));
    this.#first ??= { name, of, common: told };
    const differs = common.find((_, i) => told[i] !== this.#first?.common[i]);
    if (differs) {
      throw new InputError(`${name} is of ${differs[0]} than ${this.#first.name}; merge the shards of one ${noun}.`);
    }
    if (index > of) throw new InputError(`${name} is shard ${index} of ${of}, which there is not; run it again.`);
    const twin = this.#names.get(index);
    if (twin !== undefined) {
      throw new InputError(`${twin} and ${name} are both shard ${index} of ${of}, so that ${twice}; leave one out.`);
    }
    this.#names.set(index, name);
  }

  /** Throws InputError where a part is missing. */
  assertWhole(): void {
    const of = this.#first?.of ?? 0;
    const missing: number[] = [];
    for (let index = 1; missing.length <= TOLD && index <= of; index++) {
      if (!this.#names.has(index)) missing.push(index);
    }
    if (missing.length === 0) return;
    const which =
      missing.length === 1
        ? `Shard ${missing[0]} of ${of} is`
        : `Shards ${missing.slice(0, TOLD).join(", ")}${missing.length > TOLD ? ", ..." : ""} of ${of} are`;
    throw new InputError(`${which} missing; give every shard of the ${this.#whole.noun}.`);
  }
}

function textOf(value: unknown): string {
  return JSON.stringify(value instanceof Set ? [...value].sort() : (value ?? null));
}
