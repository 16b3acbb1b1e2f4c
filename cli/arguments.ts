import { type ParseArgsConfig, parseArgs } from "node:util";
import { InputError } from "../src/engine/model/job.ts";

/** Options of a command, by the names `util.parseArgs` takes. */
export type OptionSpecs = NonNullable<ParseArgsConfig["options"]>;

export interface Arguments {
  readonly positionals: readonly string[];
  text(name: string): string | null;
  texts(name: string): readonly string[];
  flag(name: string): boolean;
  /** A number of at least 0. */
  number(name: string): number | null;
  /** A whole number of at least `least`. */
  count(name: string, least: number): number | null;
  choice<T extends string>(name: string, choices: readonly T[]): T | null;
}

/** Reads a command's arguments. Throws InputError for an unknown option or a wrong number of names. */
export function readArguments(args: readonly string[], options: OptionSpecs, names: readonly string[]): Arguments {
  const { values, positionals } = parse(args, options);
  if (positionals.length !== names.length) {
    throw new InputError(
      `This command takes ${names.join(" and ")}; ${positionals.length} names were given. See octet --help.`,
    );
  }
  const text = (name: string) => {
    const given = (values[name] as string | undefined) ?? null;
    if (given === "") throw new InputError(`--${name} has no value; see octet --help.`);
    return given;
  };
  const number = (name: string, what: string, isValid: (value: number) => boolean) => {
    const given = text(name);
    if (given === null) return null;
    const value = Number(given);
    if (!isValid(value)) throw new InputError(`--${name} takes ${what}, not "${given}".`);
    return value;
  };
  return {
    positionals,
    text,
    texts: (name) => (values[name] as string[] | undefined) ?? [],
    flag: (name) => values[name] === true,
    number: (name) => number(name, "a number of at least 0", (value) => Number.isFinite(value) && value >= 0),
    count: (name, least) =>
      number(name, `a whole number of at least ${least}`, (value) => Number.isSafeInteger(value) && value >= least),
    choice(name, choices) {
      const given = text(name);
      if (given === null) return null;
      const found = choices.find((choice) => choice === given);
      if (!found) throw new InputError(`--${name} takes one of ${choices.join(", ")}; not "${given}".`);
      return found;
    },
  };
}

function parse(args: readonly string[], options: OptionSpecs) {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true, strict: true });
  } catch (error) {
    const { message, code } = error as NodeJS.ErrnoException;
    const option = /'(-[^' ]*)/.exec(message)?.[1] ?? "";
    if (code === "ERR_PARSE_ARGS_UNKNOWN_OPTION") {
      throw new InputError(`This command has no option ${option}; see octet --help.`);
    }
    const takesValue = options[option.replace(/^-+/, "")]?.type === "string";
    throw new InputError(`${option} ${takesValue ? "needs a value" : "takes no value"}; see octet --help.`);
  }
}

/** `name=1x3x224x224` pairs as dimensions by name. */
export function readShapes(pairs: readonly string[]): Record<string, readonly number[]> {
  return readPairs(pairs, "shape", "data=1x3x224x224", (value) => {
    const dims = value.split("x");
    return dims.every((dim) => /^[1-9]\d{0,8}$/.test(dim)) ? dims.map(Number) : null;
  });
}

/** `name=16000` pairs as numbers by name. */
export function readValues(pairs: readonly string[]): Record<string, number> {
  return readPairs(pairs, "input", "sr=16000", (value) => {
    const number = Number(value);
    return value.trim() !== "" && Number.isFinite(number) ? number : null;
  });
}

function readPairs<T>(
  pairs: readonly string[],
  option: string,
  example: string,
  read: (value: string) => T | null,
): Record<string, T> {
  const result = new Map<string, T>();
  for (const pair of pairs) {
    const at = pair.lastIndexOf("=");
    const value = at > 0 ? read(pair.slice(at + 1)) : null;
    if (value === null) throw new InputError(`--${option} takes name=value, for example ${example}; not "${pair}".`);
    result.set(pair.slice(0, at), value);
  }
  return Object.fromEntries(result);
}
