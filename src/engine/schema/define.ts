import * as v from "valibot";
import { failed, isObject, running, step } from "./running.ts";

/** What a document is made of: a check of unknown values, and the type of those that pass it. */
export type Schema = v.GenericSchema;

/** The type of what passes a schema. */
export type Of<S extends Schema> = Frozen<v.InferOutput<S>>;

type Frozen<T> =
  T extends ReadonlyMap<infer K, infer V>
    ? ReadonlyMap<K, Frozen<V>>
    : T extends ArrayBufferView | Blob
      ? T
      : { readonly [K in keyof T]: Frozen<T[K]> };

type Entries = Readonly<Record<string, Schema>>;

/** The message of an issue about a member that is not known. */
export const STRANGER = "stranger";
/** What an issue expects whose message is a sentence about the whole, not a rule. */
export const SENTENCE = "sentence";

/** What a schema of ours has beside valibot's members. */
export interface Told {
  /** How its errors end, where it depends on the object around it. */
  readonly rule?: (around: unknown) => string;
  /** What an object is called that errors name by itself, and not by its path in the document. */
  readonly noun?: string;
}

/** A text. */
export const text = v.string("a text");

/** A text of some form. */
// @__NO_SIDE_EFFECTS__
export function matching(form: RegExp, rule: string) {
  return v.pipe(text, v.regex(form, rule));
}

/** True or false. */
export const flag = v.boolean("true or false");

/** A number: no NaN and no infinity. */
export const finite = v.pipe(v.number("a number"), v.finite("a number"));

/** A number that something is divided by. */
export const divisor = v.pipe(finite, v.notValue(0, "a number other than 0"));

const NON_FINITE = ["Infinity", "-Infinity"] as const;
const NON_NUMBER = ["NaN", ...NON_FINITE] as const;

/** A number, NaN and infinities included, which are strings in JSON. */
export const number = v.union(
  [v.number(), v.nan(), v.pipe(v.picklist(NON_NUMBER), v.transform(Number))],
  'a number, "NaN", "Infinity" or "-Infinity"',
);

/** A float32 value, infinities included, which are strings in JSON. */
export const float32 = v.pipe(
  v.union([v.number(), v.pipe(v.picklist(NON_FINITE), v.transform(Number))], 'a number, "Infinity" or "-Infinity"'),
  v.transform(Math.fround),
);

/** A whole number, `low` to `high`. */
// @__NO_SIDE_EFFECTS__
export function integer(low: number, high = Number.MAX_SAFE_INTEGER) {
  const rule = high === Number.MAX_SAFE_INTEGER ? `a whole number from ${low}` : `a whole number, ${low} to ${high}`;
  return v.pipe(v.number(rule), v.safeInteger(rule), v.minValue(low, rule), v.maxValue(high, rule));
}

/** How many there are of something. */
export const count = integer(0);

/** One text of several. */
// @__NO_SIDE_EFFECTS__
export function oneOf<const T extends readonly string[]>(values: T) {
  return v.picklist(values, values.map((value) => `"${value}"`).join(" or "));
}

/** One of these numbers. */
// @__NO_SIDE_EFFECTS__
export function oneNumber<const T extends readonly number[]>(values: T) {
  return v.picklist(values, values.join(" or "));
}

/** One text, or one number. */
// @__NO_SIDE_EFFECTS__
export function exactly<const T extends string | number>(value: T, rule = `"${value}"`) {
  return v.literal(value, rule);
}

/** The schema, or null. */
// @__NO_SIDE_EFFECTS__
export function nullable<S extends Schema>(schema: S) {
  return v.nullable(schema);
}

/** A member that may be absent. */
// @__NO_SIDE_EFFECTS__
export function maybe<S extends Schema>(schema: S) {
  return v.optional(schema);
}

/** A list of any length. */
// @__NO_SIDE_EFFECTS__
export function list<S extends Schema>(item: S) {
  return v.array(item, "a list");
}

/** A list of as many as are named; `rule` is for one of another length. */
// @__NO_SIDE_EFFECTS__
export function tuple<const T extends v.TupleItems>(items: T, rule: string) {
  const schema = v.strictTuple(items, "a list");
  return running(schema, (run) => (dataset, config) => {
    const { value } = dataset;
    return Array.isArray(value) && value.length !== items.length
      ? failed(schema, dataset, config, { message: rule })
      : run(dataset, config);
  });
}

/** What one of several schemas takes; errors have the rule of all. */
// @__NO_SIDE_EFFECTS__
export function either<const O extends v.UnionOptions>(options: O, rule: string) {
  return v.union(options, rule);
}

/** An object of these members and no others. */
// @__NO_SIDE_EFFECTS__
export function fields<const E extends Entries>(entries: E): v.StrictObjectSchema<E, string> {
  const schema = v.strictObject(entries, "an object");
  return running(schema, (run) => (dataset, config) => {
    if (!isObject(dataset.value)) return failed(schema, dataset, config);
    const stranger = Object.keys(dataset.value).find((key) => !Object.hasOwn(entries, key));
    if (stranger === undefined) return run(dataset, config);
    return failed(schema, dataset, config, { message: STRANGER, path: [step(stranger, dataset.value)] });
  });
}

/** An object of these members at least. */
// @__NO_SIDE_EFFECTS__
export function having<const E extends Entries>(entries: E) {
  return v.looseObject(entries, "an object");
}

/** An object whose keys are names, `__proto__` and `constructor` too, which valibot's own leaves out. */
// @__NO_SIDE_EFFECTS__
export function record<S extends Schema>(value: S) {
  const schema = v.record(v.string(), value, "an object");
  return running(schema, () => (dataset, config) => {
    const input = dataset.value;
    if (!isObject(input)) return failed(schema, dataset, config);
    const entries: [string, unknown][] = [];
    for (const [key, member] of Object.entries(input)) {
      const read = value["~run"]({ value: member }, config);
      if (read.issues) {
        const [first, ...rest] = read.issues.map((issue) => ({
          ...issue,
          path: [step(key, input, member), ...(issue.path ?? [])] as const,
        }));
        return { typed: false, value: input, issues: [first!, ...rest] as never };
      }
      entries.push([key, read.value]);
    }
    return { typed: true, value: Object.fromEntries(entries) };
  });
}

/** A Map from names. */
// @__NO_SIDE_EFFECTS__
export function map<S extends Schema>(value: S) {
  return v.map(text, value, "a map");
}

/** One of several objects, told apart by the text of one member. */
// @__NO_SIDE_EFFECTS__
export function choice<const K extends string, const O extends v.VariantOptions<K>>(
  key: K,
  values: readonly string[],
  options: O,
) {
  const schema = v.variant(key, options, values.map((value) => `"${value}"`).join(" or "));
  return running(
    schema,
    (run) => (dataset, config) =>
      isObject(dataset.value) ? run(dataset, config) : failed(schema, dataset, config, { message: "an object" }),
  );
}

/** A schema whose errors are told of all of it, with one rule that may depend on the object around it. */
// @__NO_SIDE_EFFECTS__
export function whole<S extends Schema>(schema: S, rule: string | ((around: unknown) => string)): S {
  const told = running(schema, (run) => (dataset, config) => {
    const { value } = dataset;
    const read = run(dataset, config);
    if (!read.issues) return read;
    return failed(schema, { value }, config, { message: typeof rule === "string" ? rule : "" });
  });
  return Object.assign(told, typeof rule === "string" ? { message: rule } : { rule });
}

/** An object that errors call by a name of its own, with its fields listed. */
// @__NO_SIDE_EFFECTS__
export function named<S extends Schema>(noun: string, schema: S): S {
  return Object.assign({ ...schema }, { noun });
}

/** A list of many numbers, quick where all are as `is` says; `item` tells what is wrong with one that is not. */
// @__NO_SIDE_EFFECTS__
function numbers<S extends Schema>(item: S, is: (value: unknown) => boolean, turn?: (value: number) => number) {
  return running(list(item), (run) => (dataset, config) => {
    const { value } = dataset;
    if (!Array.isArray(value) || !value.every(is)) return run(dataset, config);
    return { typed: true, value: turn ? value.map(turn) : value };
  });
}

/** Numbers, none of them NaN or infinite. */
export const finites = numbers(finite, Number.isFinite);

/** Float32 values, infinities included. */
export const float32s = numbers(float32, Number.isFinite, Math.fround);

/** Numbers, one to three. */
// @__NO_SIDE_EFFECTS__
export function few<S extends v.GenericSchema<number>>(item: S) {
  return v.pipe(list(item), v.minLength(1, "one number at least"), v.maxLength(3, "three numbers at most"));
}

/** Whole numbers from `low`. */
// @__NO_SIDE_EFFECTS__
export function integers(low: number) {
  return numbers(integer(low), (value) => Number.isSafeInteger(value) && (value as number) >= low);
}

/** Whole numbers from 0, each above the one before. */
export const ascending = also(integers(0), (values, fail) => {
  if (values.some((value, i) => i > 0 && value <= (values[i - 1] as number))) fail("a list of rising whole numbers");
});

/** A schema with a line for whoever reads the JSON Schema. */
// @__NO_SIDE_EFFECTS__
export function about<S extends Schema>(description: string, schema: S) {
  return v.pipe(schema, v.description(description));
}

/** How a check says what is wrong: the rule that is broken, and at which member if not by the whole. */
export type Fail = (rule: string, ...path: readonly (string | number)[]) => void;

/** A schema and what else its value has to hold. */
// @__NO_SIDE_EFFECTS__
export function also<S extends Schema>(schema: S, check: (value: v.InferOutput<S>, fail: Fail) => void) {
  return v.pipe(
    schema,
    v.rawCheck<v.InferOutput<S>>(({ dataset, addIssue }) => {
      if (dataset.typed) check(dataset.value, (rule, ...path) => addIssue(issue(rule, path)));
    }),
  );
}

/** A schema and what else holds of its value, told in a sentence of its own that begins with the source. */
// @__NO_SIDE_EFFECTS__
export function saying<S extends Schema>(schema: S, sentence: (value: v.InferOutput<S>) => string | null) {
  return v.pipe(
    schema,
    v.rawCheck<v.InferOutput<S>>(({ dataset, addIssue }) => {
      const message = dataset.typed ? sentence(dataset.value) : null;
      if (message !== null) addIssue({ message, expected: SENTENCE });
    }),
  );
}

/** A schema and what its value is turned into. */
// @__NO_SIDE_EFFECTS__
export function into<S extends Schema, T>(schema: S, turn: (value: v.InferOutput<S>, fail: Fail) => T) {
  return v.pipe(
    schema,
    v.rawTransform<v.InferOutput<S>, T>(({ dataset, addIssue }) => {
      return turn(dataset.value, (rule, ...path) => addIssue(issue(rule, path)));
    }),
  );
}

/** A value that is as `is` says; for what JSON has no word for. */
// @__NO_SIDE_EFFECTS__
export function custom<T>(is: (value: unknown) => boolean, rule: string) {
  return v.custom<T>(is, rule);
}

function issue(message: string, path: readonly (string | number)[]) {
  const [first, ...rest] = path.map((key) => step(key));
  return first ? { message, path: [first, ...rest] as [typeof first, ...typeof rest] } : { message };
}
