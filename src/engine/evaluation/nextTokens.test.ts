import { describe, expect, it } from "vitest";
import type { Port, Tensor, TensorMap } from "../model/tensor.ts";
import { isTokenInput, NextTokens, type Step } from "./nextTokens.ts";

const ids = (dims: readonly number[], values: readonly number[]): Tensor => ({
  type: "int64",
  dims,
  data: BigInt64Array.from(values, BigInt),
});
const floats = (dims: readonly number[], values: readonly number[]): Tensor => ({
  type: "float32",
  dims,
  data: Float32Array.from(values),
});
const V = 4;

/** Logits that hold the token after each at `p`, and share the rest; the last one of a row shares all. */
function knowing(tokens: Tensor, p: number, offset = 1): TensorMap {
  const [rows = 0, length = 0] = tokens.dims;
  const values = Array.from({ length: rows * length }, (_, at) => {
    const next = at + offset < (Math.floor(at / length) + 1) * length ? Number(tokens.data[at + offset]) : -1;
    return Array.from({ length: V }, (_, id) => Math.log(next < 0 ? 1 / V : id === next ? p : (1 - p) / (V - 1)));
  });
  return new Map([["logits", floats([rows, length, V], values.flat())]]);
}

interface Given {
  readonly tokens: Tensor;
  readonly more?: Readonly<Record<string, Tensor>>;
  readonly float?: TensorMap;
  readonly quantized?: TensorMap;
  readonly step?: Step;
}

function judge(...samples: readonly Given[]) {
  const next = new NextTokens();
  for (const { tokens, more = {}, float = knowing(tokens, 0.8), quantized = knowing(tokens, 0.5), step } of samples) {
    next.add(new Map([["input_ids", tokens], ...Object.entries(more)]), float, quantized, step);
  }
  return { perplexity: next.result(), notices: next.notices().map(({ message }) => message) };
}

const ROWS = ids([2, 4], [1, 2, 3, 1, 2, 1, 3, 2]);

describe("perplexity", () => {
  it("is exp of the mean negative log-likelihood of each next token", () => {
    const { perplexity, notices } = judge({ tokens: ROWS });
    expect(perplexity).toMatchObject({ output: "logits", tokens: 6 });
    expect(perplexity!.float).toBeCloseTo(1 / 0.8, 5);
    expect(perplexity!.quantized).toBeCloseTo(2, 5);
    expect(perplexity!.rise).toBeCloseTo(0.6, 5);
    expect(perplexity!.interval![0]).toBeCloseTo(0.6, 5);
    expect(notices).toEqual([]);
  });

  it("is of all tokens together, however many a row has, and its interval widens with rows that differ", () => {
    const short = ids([1, 2], [3, 1]);
    const { perplexity } = judge({ tokens: ROWS }, { tokens: short, quantized: knowing(short, 0.8) });
    expect(perplexity!.tokens).toBe(7);
    expect(perplexity!.quantized).toBeCloseTo(Math.exp((6 * Math.log(2) - Math.log(0.8)) / 7), 5);
    const [low, high] = perplexity!.interval!;
    expect(low).toBeLessThan(perplexity!.rise);
    expect(high).toBeGreaterThan(perplexity!.rise);
    expect(judge({ tokens: short }).perplexity!.interval).toBeNull();
  });

  it("takes probabilities as they are", () => {
    const shares = new Map(
      [...knowing(ROWS, 0.8)].map(([name, { dims, data }]) => [
        name,
        floats(
          dims,
          [...data].map((x) => Math.exp(Number(x))),
        ),
      ]),
    );
    expect(judge({ tokens: ROWS, float: shares, quantized: shares }).perplexity!.quantized).toBeCloseTo(1 / 0.8, 5);
  });

  it("leaves out what is masked on either side, and 0s at the end of a row, and says so", () => {
    const tokens = ids([1, 7], [3, 1, 2, 0, 1, 0, 0]);
    const mask = ids([1, 7], [0, 1, 1, 1, 1, 1, 1]);
    const { perplexity, notices } = judge({ tokens, more: { attention_mask: mask } });
    expect(perplexity!.tokens).toBe(3);
    expect(notices).toEqual([
      "3 tokens that the mask leaves out, or 0 at the end of a row, are taken as padding and left out of perplexity.",
    ]);
  });

  it("goes on from step to step of a sequence, with a mask that covers the past, and begins anew in the next", () => {
    const line = [2, 1, 0, 3];
    const steps = line.map((token, at): Given => {
      const known = (p: number) => knowing(ids([1, 2], [token, line[at + 1] ?? 0]), p);
      const first = (outputs: TensorMap) =>
        new Map([["logits", floats([1, 1, V], [...outputs.get("logits")!.data].slice(0, V) as number[])]]);
      return {
        tokens: ids([1, 1], [token]),
        more: { attention_mask: ids([1, at + 1], Array(at + 1).fill(1)) },
        float: first(known(0.8)),
        quantized: first(known(0.4)),
        step: at === 0 ? "first" : "next",
      };
    });
    const { perplexity } = judge(...steps, ...steps);
    expect(perplexity!.tokens).toBe(6);
    expect(perplexity!.quantized).toBeCloseTo(2.5, 5);
    expect(perplexity!.interval![0]).toBeCloseTo(1, 5);
  });

  it("is not told where the model sees the token that it scores, as BERT does", () => {
    expect(judge({ tokens: ROWS, float: knowing(ROWS, 0.8, 0) })).toEqual({ perplexity: null, notices: [] });
  });

  it("is not told where ids are beyond the vocabulary", () => {
    const tokens = ids([1, 3], [1, 9, 2]);
    expect(judge({ tokens, float: knowing(ROWS, 0.8), quantized: knowing(ROWS, 0.8) }).perplexity).toBeNull();
    const logits = new Map([["logits", floats([1, 3, V], Array(3 * V).fill(0))]]);
    expect(judge({ tokens, float: logits, quantized: logits })).toEqual({ perplexity: null, notices: [] });
  });

  it("is not told where the float model is no better than chance, which is said", () => {
    const poor = judge({ tokens: ROWS, float: knowing(ROWS, 0.2) });
    expect(poor.perplexity).toBeNull();
    expect(poor.notices[0]).toMatch(
      /^The float model itself holds the next token no likelier than chance \(perplexity 5\.00 of 4 tokens\)/,
    );
  });

  it("is not told of other outputs and inputs", () => {
    const scores = new Map([["scores", floats([2, V], Array(2 * V).fill(0))]]);
    expect(judge({ tokens: ROWS, float: scores, quantized: scores }).perplexity).toBeNull();
    const next = new NextTokens();
    next.add(new Map([["features", ROWS]]), knowing(ROWS, 0.8), knowing(ROWS, 0.5));
    expect([next.output, next.result(), next.notices()]).toEqual([null, null, []]);
  });

  it("leaves out scores that are not finite in one of the two", () => {
    const broken = knowing(ROWS, 0.5);
    (broken.get("logits")!.data as Float32Array)[0] = Number.NaN;
    expect(judge({ tokens: ROWS, quantized: broken }).perplexity).toMatchObject({ tokens: 5 });
  });
});

it.each([
  [{ name: "input_ids", type: "int64", dims: ["b", "n"] }, true],
  [{ name: "tokens", type: "int32", dims: [1, 64] }, true],
  [{ name: "decoder_input_ids", type: "int64", dims: [null, null] }, true],
  [{ name: "input_ids", type: "float32", dims: ["b", "n"] }, false],
  [{ name: "input_ids", type: "int64", dims: ["n"] }, false],
  [{ name: "attention_mask", type: "int64", dims: ["b", "n"] }, false],
  [{ name: "input", type: "int64", dims: ["b", "n"] }, false],
] as const)("token ids: %j, %s", (port, is) => {
  expect(isTokenInput(port as Port)).toBe(is);
});
