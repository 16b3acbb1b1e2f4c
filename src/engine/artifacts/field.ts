import { InputError } from "../model/job.ts";
import type { Preprocess } from "../model/preprocess.ts";

const SHOWN = 60;
const NON_FINITE: ReadonlyMap<unknown, number> = new Map([
  ["Infinity", Infinity],
  ["-Infinity", -Infinity],
]);
const NON_NUMBER: ReadonlyMap<unknown, number> = new Map([...NON_FINITE, ["NaN", Number.NaN]]);

/** The data room's check of a preprocessing, which this room may not import; `source` names the place in errors. */
export type ParsePreprocess = (json: unknown, source: string) => Preprocess;

/** A value in a JSON document that knows where it stands, so that every complaint names the file and the field. */
export class Field {
  readonly #value: unknown;
  readonly #path: string;
  readonly #source: string;

  constructor(value: unknown, source: string, path = "") {
    this.#value = value;
    this.#source = source;
    this.#path = path;
  }

  get value(): unknown {
    return this.#value;
  }

  /** How an error names this place: the file and the path in it. */
  get place(): string {
    return `${this.#source}: "${this.#path}"`;
  }

  /** Throws the InputError that this value breaks `rule`. */
  fail(rule: string): never {
    const text = JSON.stringify(this.#value);
    const shown = text !== undefined && text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text;
    const state = this.#value === undefined ? "is missing" : `is ${shown}`;
    throw new InputError(`${this.place} ${state}; it must be ${rule}.`);
  }

  /** A member of an object; missing ones are found when they are read. */
  at(key: string): Field {
    const object = this.#object();
    const value = Object.hasOwn(object, key) ? object[key] : undefined;
    return new Field(value, this.#source, this.#path === "" ? key : `${this.#path}.${key}`);
  }

  /** Checks that an object has no members but these. */
  only(...keys: readonly string[]): this {
    const stranger = Object.keys(this.#object()).find((key) => !keys.includes(key));
    if (stranger === undefined) return this;
    const where = this.#path === "" ? "the document" : `"${this.#path}"`;
    throw new InputError(
      `${this.#source}: "${stranger}" is no field of ${where}; remove it or correct it to one of ${keys.join(", ")}.`,
    );
  }

  /** The members of an object that may have any keys. */
  record<T>(read: (member: Field) => T): Record<string, T> {
    return Object.fromEntries(
      Object.entries(this.#object()).map(([key, value]) => {
        return [key, read(new Field(value, this.#source, `${this.#path}[${JSON.stringify(key)}]`))];
      }),
    );
  }

  list<T>(read: (item: Field) => T): T[] {
    return this.#array().map((item, i) => read(new Field(item, this.#source, `${this.#path}[${i}]`)));
  }

  nullable<T>(read: (field: Field) => T): T | null {
    return this.#value === null ? null : read(this);
  }

  string(): string {
    return typeof this.#value === "string" ? this.#value : this.fail("a text");
  }

  boolean(): boolean {
    return typeof this.#value === "boolean" ? this.#value : this.fail("true or false");
  }

  oneOf<T extends string>(values: readonly T[]): T {
    const found = values.find((value) => value === this.#value);
    return found ?? this.fail(values.map((value) => `"${value}"`).join(" or "));
  }

  finite(): number {
    return Number.isFinite(this.#value) ? (this.#value as number) : this.fail("a number");
  }

  /** A number, NaN and infinities included, which are strings in JSON. */
  number(): number {
    const value = NON_NUMBER.get(this.#value) ?? this.#value;
    return typeof value === "number" ? value : this.fail('a number, "NaN", "Infinity" or "-Infinity"');
  }

  /** A whole number, `low` to `high`. */
  integer(low: number, high = Number.MAX_SAFE_INTEGER): number {
    const rule = high === Number.MAX_SAFE_INTEGER ? `a whole number from ${low}` : `a whole number, ${low} to ${high}`;
    return isInteger(this.#value, low, high) ? this.#value : this.fail(rule);
  }

  /** A float32 value, infinities included. */
  float32(): number {
    const value = NON_FINITE.get(this.#value) ?? this.#value;
    if (typeof value !== "number" || Number.isNaN(value)) this.fail('a number, "Infinity" or "-Infinity"');
    return Math.fround(value);
  }

  /** A list of whole numbers, `low` to `high`; quicker than `list` for long ones. */
  integers(low: number, high = Number.MAX_SAFE_INTEGER): number[] {
    const array = this.#array();
    const wrong = array.findIndex((item) => !isInteger(item, low, high));
    if (wrong >= 0) new Field(array[wrong], this.#source, `${this.#path}[${wrong}]`).integer(low, high);
    return array as number[];
  }

  /** Whole numbers from 0, each above the one before. */
  ascending(): number[] {
    const integers = this.integers(0);
    const rises = integers.every((value, i) => i === 0 || value > (integers[i - 1] as number));
    return rises ? integers : this.fail("a list of rising whole numbers");
  }

  #object(): Record<string, unknown> {
    const value = this.#value;
    if (typeof value !== "object" || value === null || Array.isArray(value)) this.fail("an object");
    return value as Record<string, unknown>;
  }

  #array(): unknown[] {
    return Array.isArray(this.#value) ? this.#value : this.fail("a list");
  }
}

function isInteger(value: unknown, low: number, high: number): value is number {
  return Number.isSafeInteger(value) && (value as number) >= low && (value as number) <= high;
}
