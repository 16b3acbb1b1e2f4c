import { _addIssue, type GenericSchema, type UnknownPathItem } from "valibot";

type Run = GenericSchema["~run"];

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A schema that is run otherwise: what valibot's own would not find is found first. */
// @__NO_SIDE_EFFECTS__
export function running<S extends GenericSchema>(schema: S, wrap: (run: Run) => Run): S {
  return { ...schema, "~run": wrap((dataset, config) => schema["~run"](dataset, config)) };
}

/** The dataset with an issue of its own: the schema's message, unless another is given. */
export function failed(
  schema: GenericSchema,
  dataset: { readonly value: unknown },
  config: Parameters<Run>[1],
  other: { readonly message?: string; readonly path?: readonly UnknownPathItem[] } = {},
): ReturnType<Run> {
  _addIssue(schema as never, "type", dataset as never, config, other as never);
  return dataset as ReturnType<Run>;
}

/** A step of an issue's path. */
export function step(key: string | number, input: unknown = null, value: unknown = null): UnknownPathItem {
  return { type: "unknown", origin: "value", input, key, value };
}
