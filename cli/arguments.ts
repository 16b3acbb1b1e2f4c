import { InputError } from "../src/engine/model/job.ts";

/** What an option takes, says of itself, and makes of what was given. */
export interface Kind<T> {
  /** What help calls the value; null for a flag. */
  readonly value: string | null;
  readonly help: string;
  readonly isRequired: boolean;
  /** Makes a value of everything given for it, in order. Throws InputError for what it does not take. */
  read(given: readonly string[], name: string): T;
}

export type Option<T> = Kind<T> & { readonly group: string };
export type Options = Readonly<Record<string, Option<unknown>>>;
export type Values<O> = { readonly [K in keyof O]: O[K] extends Kind<infer T> ? T : never };

type Names<N extends readonly string[]> = { readonly [K in keyof N]: string };

/** A command as it is parsed and as its help has it. */
export interface Definition<N extends readonly string[], O extends Options> {
  readonly summary: string;
  /** What its positional arguments are called. */
  readonly names: N;
  readonly options: O;
  readonly example: string;
}

export interface Arguments<D extends Definition<readonly string[], Options>> {
  readonly names: Names<D["names"]>;
  readonly values: Values<D["options"]>;
}

export function flag(help: string): Kind<boolean> {
  return { value: null, help, isRequired: false, read: (given) => given.length > 0 };
}

/** The last that was given; null where none was. */
export function text(value: string, help: string): Kind<string | null> {
  return last(value, help, (given) => given);
}

/** All that was given; null where nothing was. */
export function texts(value: string, help: string): Kind<readonly string[] | null> {
  return { value, help, isRequired: false, read: (given) => (given.length > 0 ? given : null) };
}

export function required<T>(kind: Kind<T | null>): Kind<T> {
  return { ...kind, isRequired: true, read: (given, name) => kind.read(given, name) as T };
}

/** A number of at least 0. */
export function number(value: string, help: string): Kind<number | null> {
  return numeric(value, help, "a number of at least 0", (given) => Number.isFinite(given) && given >= 0);
}

/** A whole number of at least `least`. */
export function count(least: number, help: string): Kind<number | null> {
  const what = `a whole number of at least ${least}`;
  return numeric("N", help, what, (given) => Number.isSafeInteger(given) && given >= least);
}

function numeric(value: string, help: string, what: string, isValid: (given: number) => boolean): Kind<number | null> {
  return last(value, help, (given, name) => {
    if (!isValid(Number(given))) throw new InputError(`--${name} takes ${what}, not "${given}".`);
    return Number(given);
  });
}

/** One of a list, which its help or the name of its value has. */
export function choice<const T extends string>(value: string, choices: readonly T[], help: string): Kind<T | null> {
  const listed = value === choices.join("|") ? help : `${choices.join(", ")}: ${help}`;
  return last(value, listed, (given, name) => {
    const found = choices.find((each) => each === given);
    if (!found) throw new InputError(`--${name} takes one of ${choices.join(", ")}; not "${given}".`);
    return found;
  });
}

/** Pairs of `name=1x3x224x224`, as dimensions by name. */
export function shapes(value: string, help: string): Kind<Record<string, readonly number[]>> {
  return pairs(value, help, "data=1x3x224x224", (given) => {
    const dims = given.split("x");
    return dims.every((dim) => /^(0|[1-9]\d{0,8})$/.test(dim)) ? dims.map(Number) : null;
  });
}

/** Pairs of `name=16000`, as numbers by name. */
export function constants(value: string, help: string): Kind<Record<string, number>> {
  return pairs(value, help, "sr=16000", (given) => {
    const held = Number(given);
    return given.trim() !== "" && Number.isFinite(held) ? held : null;
  });
}

/** Pairs of `conv1=s4`, one of a list by name; null where none was given. */
export function choices<const T extends string>(
  value: string,
  all: readonly T[],
  help: string,
): Kind<Readonly<Record<string, T>> | null> {
  const kind = pairs(value, help, `conv1=${all[0]}`, (given) => all.find((each) => each === given) ?? null);
  return { ...kind, read: (given, name) => (given.length > 0 ? kind.read(given, name) : null) };
}

/** Pairs of `stateN=state`, an output and the input that it feeds: outputs by input. */
export function states(value: string, help: string): Kind<Record<string, string>> {
  return {
    value,
    help,
    isRequired: false,
    read(all, name) {
      const result = new Map<string, string>();
      for (const pair of all) {
        const at = pair.indexOf("=");
        const [output, input] = [pair.slice(0, at), pair.slice(at + 1)];
        if (at < 1 || input === "") {
          throw new InputError(`--${name} takes output=input, for example stateN=state; not "${pair}".`);
        }
        const other = result.get(input);
        if (other !== undefined && other !== output) {
          throw new InputError(`--${name} feeds ${input} from ${other} and from ${output}; name one output.`);
        }
        result.set(input, output);
      }
      return Object.fromEntries(result);
    },
  };
}

/** One part of several, `2/8`. */
export function part(value: string, help: string): Kind<{ readonly index: number; readonly of: number } | null> {
  return last(value, help, (given, name) => {
    const [, index, of] = /^([1-9]\d{0,6})\/([1-9]\d{0,6})$/.exec(given) ?? [];
    if (!index || Number(index) > Number(of)) {
      throw new InputError(`--${name} takes a part and how many there are, 1/8 to 8/8; not "${given}".`);
    }
    return { index: Number(index), of: Number(of) };
  });
}

function last<T>(value: string, help: string, read: (given: string, name: string) => T): Kind<T | null> {
  return {
    value,
    help,
    isRequired: false,
    read(all, name) {
      const given = all.at(-1);
      return given === undefined ? null : read(given, name);
    },
  };
}

function pairs<T>(
  value: string,
  help: string,
  example: string,
  read: (given: string) => T | null,
): Kind<Record<string, T>> {
  return {
    value,
    help,
    isRequired: false,
    read(all, name) {
      const result = new Map<string, T>();
      for (const pair of all) {
        const at = pair.lastIndexOf("=");
        const held = at > 0 ? read(pair.slice(at + 1)) : null;
        if (held === null) throw new InputError(`--${name} takes name=value, for example ${example}; not "${pair}".`);
        result.set(pair.slice(0, at), held);
      }
      return Object.fromEntries(result);
    },
  };
}
