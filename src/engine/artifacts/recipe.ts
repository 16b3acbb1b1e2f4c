import { METHODS, type Range } from "../model/range.ts";
import { type ChannelFactors, RECIPE_FORMATS, type Recipe } from "../model/recipe.ts";
import { heading, openDocument } from "./document.ts";
import type { Field, ParsePreprocess } from "./field.ts";
import { writeJson } from "./json.ts";

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/**
 * The recipe, version 1: docs/schemas/recipe.schema.json. Equal recipes give equal bytes: records are sorted by key,
 * lists keep their order.
 */
export function writeRecipe(recipe: Recipe): string {
  const { model, format, activations, weights, corrections, method, methods, ranges, float } = recipe;
  const { preprocess, inputs, resolved, factors, biases, rounding } = recipe;
  return writeJson({
    ...heading("recipe"),
    model: { name: model.name, sha256: model.sha256 },
    format,
    activations: { type: activations.type, symmetric: activations.symmetric },
    weights: { type: weights.type, granularity: weights.granularity, rounding: weights.rounding },
    corrections: { equalization: corrections.equalization, bias: corrections.bias },
    method,
    methods: sorted(methods, (value) => value),
    ranges: sorted(ranges, orderedRange),
    float: {
      layers: float.layers,
      operators: float.operators,
      tensors: float.tensors,
      activations: float.activations,
    },
    preprocess: preprocess && {
      resize: preprocess.resize && { mode: preprocess.resize.mode, size: preprocess.resize.size },
      crop: preprocess.crop,
      layout: preprocess.layout,
      color: preprocess.color,
      scale: preprocess.scale,
      mean: preprocess.mean,
      std: preprocess.std,
    },
    inputs: {
      shapes: sorted(inputs.shapes, (value) => value),
      values: sorted(inputs.values, (value) => value),
    },
    resolved: resolved && sorted(resolved, orderedRange),
    factors: factors && sorted(factors, ({ divide, absorb }) => ({ divide, absorb })),
    biases: biases && sorted(biases, (value) => value),
    rounding: rounding && sorted(rounding, (value) => value),
  });
}

/**
 * Reads a recipe and checks every field; one that it does not know is an error too, since a misspelt setting would
 * otherwise be silently without effect.
 * Throws InputError when the text is cut off, no recipe, of another version, or a field is wrong.
 */
export function readRecipe(text: string, fileName: string, parsePreprocess: ParsePreprocess): Recipe {
  return recipeFields(openDocument(text, fileName, "recipe"), parsePreprocess);
}

/** The recipe that the members of an object are. Throws InputError when one is wrong or unknown. */
export function recipeFields(root: Field, parsePreprocess: ParsePreprocess): Recipe {
  root.only(
    ...["kind", "version", "model", "format", "activations", "weights", "corrections", "method", "methods", "ranges"],
    ...["float", "preprocess", "inputs", "resolved", "factors", "biases", "rounding"],
  );
  const model = root.at("model").only("name", "sha256");
  const activations = root.at("activations").only("type", "symmetric");
  const weights = root.at("weights").only("type", "granularity", "rounding");
  const corrections = root.at("corrections").only("equalization", "bias");
  const float = root.at("float").only("layers", "operators", "tensors", "activations");
  const inputs = root.at("inputs").only("shapes", "values");
  const names = (key: string) => float.at(key).list((item) => item.string());
  return {
    version: 1,
    model: { name: model.at("name").string(), sha256: model.at("sha256").string() },
    format: root.at("format").oneOf(RECIPE_FORMATS),
    activations: {
      type: activations.at("type").oneOf(["uint8", "int8"]),
      symmetric: activations.at("symmetric").boolean(),
    },
    weights: {
      type: weights.at("type").oneOf(["int8", "int4"]),
      granularity: weights.at("granularity").oneOf(["channel", "tensor"]),
      rounding: weights.at("rounding").oneOf(["nearest", "learned"]),
    },
    corrections: {
      equalization: corrections.at("equalization").boolean(),
      bias: corrections.at("bias").oneOf(["none", "empirical", "analytic"]),
    },
    method: root.at("method").oneOf([...METHODS, "auto"]),
    methods: root.at("methods").record((member) => member.oneOf(METHODS)),
    ranges: root.at("ranges").record(readRange),
    float: {
      layers: names("layers"),
      operators: names("operators"),
      tensors: names("tensors"),
      activations: float.at("activations").boolean(),
    },
    preprocess: root.at("preprocess").nullable((field) => parsePreprocess(field.value, field.place)),
    inputs: {
      shapes: inputs.at("shapes").record((member) => member.integers(0)),
      values: inputs.at("values").record((member) => member.finite()),
    },
    resolved: root.at("resolved").nullable((field) => field.record(readRange)),
    factors: root.at("factors").nullable((field) => field.record(readFactors)),
    biases: root.at("biases").nullable((field) => field.record((member) => member.list((value) => value.finite()))),
    rounding: root.at("rounding").nullable((field) => field.record(readBits)),
  };
}

function readBits(field: Field): string {
  const text = field.string();
  return BASE64.test(text) ? text : field.fail("base64");
}

function readFactors(field: Field): ChannelFactors {
  field.only("divide", "absorb");
  const numbers = (key: string) => field.at(key).list((value) => value.finite());
  return { divide: numbers("divide"), absorb: numbers("absorb") };
}

function readRange(field: Field): Range {
  field.only("low", "high");
  const [low, high] = [field.at("low").finite(), field.at("high").finite()];
  return low <= high ? { low, high } : field.fail("a range whose low is not above its high");
}

function orderedRange({ low, high }: Range): Range {
  return { low, high };
}

function sorted<T>(record: Readonly<Record<string, T>>, order: (value: T) => T): Record<string, T> {
  const entries = Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, value]) => [key, order(value)]));
}
