import type { Port, Tensor, TensorMap } from "../model/tensor.ts";
import type { DataType } from "../values/elementTypes.ts";
import { constantTensor, type Symbols } from "./constant.ts";
import { convertElements } from "./elements.ts";

/** What is known of the sizes of a sample by what data feeds of it. */
interface Sizes {
  readonly symbols: Symbols;
  readonly batch: number;
  /** How many tokens it has; null where nothing that data feeds holds tokens. */
  readonly tokens: number | null;
  /** How many tokens came before them, whose keys and values data feeds. */
  readonly past: number;
}

/** An input that says by its name, type and shape what it holds where nobody gives it. */
interface Meaning {
  readonly name: RegExp;
  readonly types: readonly DataType[];
  readonly ranks: readonly number[];
  /** How a notice calls what fills it. */
  readonly filling: string;
  /** Null where its size cannot be told. */
  fill(port: Port, sizes: Sizes): Tensor | null;
}

const TOKEN_TYPES: readonly DataType[] = ["int64", "int32"];

/** What Hugging Face's exporters call the inputs of transformers; nothing else is ever filled. */
const MEANINGS: readonly Meaning[] = [
  {
    name: /^attention_mask$/,
    types: [...TOKEN_TYPES, "bool"],
    ranks: [2],
    filling: "ones",
    fill: (port, sizes) => constant(port, tokenDims(port, sizes, sizes.past), 1),
  },
  {
    name: /^token_type_ids$/,
    types: TOKEN_TYPES,
    ranks: [2],
    filling: "zeros",
    fill: (port, sizes) => constant(port, tokenDims(port, sizes, 0), 0),
  },
  { name: /^position_ids$/, types: TOKEN_TYPES, ranks: [2], filling: "positions, from 0 on", fill: positions },
  {
    name: /^past(_key_values?)?([._].*)?$/,
    types: ["float32", "float16", "float64"],
    ranks: [3, 4, 5],
    filling: "a past of length 0",
    fill: (port, sizes) => constant(port, pastDims(port, sizes), 0),
  },
  {
    name: /^use_cache_branch$/,
    types: ["bool"],
    ranks: [0, 1],
    filling: "false, and true where there is a past",
    fill: (port, { past }) =>
      constantTensor(
        port,
        port.dims.map(() => 1),
        past > 0 ? 1 : 0,
      ),
  },
];

function meaningOf(port: Port): Meaning | null {
  const fits = ({ name, types, ranks }: Meaning) =>
    name.test(port.name) && types.some((type) => type === port.type) && ranks.includes(port.dims.length);
  return MEANINGS.find(fits) ?? null;
}

/** Whether an input may be filled by what it means. */
export function hasMeaning(port: Port): boolean {
  return meaningOf(port) !== null;
}

/** What fills an input that nobody gives beside those that data feeds, in words; null where nothing does. */
export function fillingOf(port: Port, fed: readonly Port[]): string | null {
  const meaning = meaningOf(port);
  const made = meaning?.fill(
    port,
    sizesOf(fed, ({ dims }) => dims.map((dim) => (typeof dim === "number" ? dim : 1))),
  );
  return made ? meaning!.filling : null;
}

/** The tensor of an input that `fillingOf` fills, for the tensors of a sample that data feeds. */
export function filledTensor(port: Port, fed: readonly Port[], feeds: TensorMap): Tensor {
  return meaningOf(port)!.fill(
    port,
    sizesOf(fed, ({ name }) => feeds.get(name)!.dims),
  )!;
}

/** Sizes by the symbols of what data feeds. */
export function symbolsOf(fed: readonly Port[], dimsOf: (port: Port) => readonly number[]): Map<string, number> {
  const symbols = new Map<string, number>();
  for (const port of fed) {
    const sizes = dimsOf(port);
    port.dims.forEach((dim, axis) => {
      if (typeof dim === "string") symbols.set(dim, sizes[axis]!);
    });
  }
  return symbols;
}

function sizesOf(fed: readonly Port[], dimsOf: (port: Port) => readonly number[]): Sizes {
  const isPast = (port: Port) => meaningOf(port)?.filling === "a past of length 0";
  const symbols = symbolsOf(fed, dimsOf);
  const holdsTokens = ({ name, type, dims }: Port) =>
    (dims.length === 2 && TOKEN_TYPES.some((each) => each === type)) ||
    (dims.length === 3 && /inputs_embeds$/.test(name));
  const tokens = fed.find((port) => holdsTokens(port) && !hasMeaning(port)) ?? fed.find(holdsTokens);
  const past = fed.find(isPast);
  const axis = past
    ? lengthAxis(
        past,
        symbolsOf(
          fed.filter((port) => !isPast(port)),
          dimsOf,
        ),
      )
    : -1;
  const first = tokens ?? fed.find(({ dims }) => dims.length > 0);
  return {
    symbols,
    batch: (first && dimsOf(first)[0]) ?? 1,
    tokens: tokens ? dimsOf(tokens)[1]! : null,
    past: past && axis >= 0 ? dimsOf(past)[axis]! : 0,
  };
}

function constant(port: Port, dims: readonly number[] | null, value: number): Tensor | null {
  return dims && constantTensor(port, dims, value);
}

/** [batch, tokens], `before` more of them where the file does not say how many. */
function tokenDims({ dims }: Port, { symbols, batch, tokens }: Sizes, before: number): readonly number[] | null {
  const [first = null, second = null] = dims.map((dim) => (typeof dim === "string" ? (symbols.get(dim) ?? null) : dim));
  const length = second ?? (tokens === null ? null : tokens + before);
  return length === null ? null : [first ?? batch, length];
}

function positions(port: Port, sizes: Sizes): Tensor | null {
  const dims = tokenDims(port, sizes, 0);
  if (!dims) return null;
  const [rows = 0, length = 0] = dims;
  const values = Float64Array.from({ length: rows * length }, (_, i) => sizes.past + (i % length));
  const type = port.type as DataType;
  return { type, dims, data: convertElements(values, type, port.name) };
}

/** The one axis beyond the first whose size neither the file nor another input tells; -1 where there are none or several. */
function lengthAxis({ dims }: Port, symbols: Symbols): number {
  const open = dims.flatMap((dim, axis) =>
    axis > 0 && typeof dim !== "number" && !(dim !== null && symbols.has(dim)) ? [axis] : [],
  );
  return open.length === 1 ? open[0]! : -1;
}

function pastDims(port: Port, { symbols, batch }: Sizes): readonly number[] | null {
  const [first] = port.dims;
  const stated = port.dims.filter((dim) => typeof dim === "number");
  if (stated.length === port.dims.length) return stated.includes(0) ? stated : null;
  const length = lengthAxis(port, symbols);
  const isBatch = typeof first !== "string" || symbols.has(first) || /^(batch(_size)?|n|b)$/i.test(first);
  if (length < 0 || !isBatch) return null;
  return port.dims.map((dim, axis) => {
    if (axis === length) return 0;
    if (typeof dim === "number") return dim;
    return (dim === null ? undefined : symbols.get(dim)) ?? batch;
  });
}
