import type { Dataset } from "../model/dataset.ts";
import type { Perplexity } from "../model/evaluation.ts";
import type { Notice } from "../model/job.ts";
import type { Port, Tensor, TensorMap } from "../model/tensor.ts";
import { logSumExp } from "../numerics/classScores.ts";
import { ratioInterval } from "../numerics/interval.ts";
import { count, plural, significant } from "../values/figures.ts";
import { areProbabilities } from "./scores.ts";

/** What exporters call token ids. */
const TOKENS = /^(decoder_)?(input_ids|input_tokens|tokens|token_ids|ids|idx)$/;
const INTEGERS: readonly Port["type"][] = ["int64", "int32"];

/** Whether an input is called and shaped like token ids, [batch, tokens]. */
export function isTokenInput({ name, type, dims, unshaped }: Port): boolean {
  return TOKENS.test(name) && INTEGERS.includes(type) && (dims.length === 2 || unshaped === true);
}

export type Step = "alone" | "first" | "next";

/** Scores at a token, of the one after it. */
interface Scores {
  readonly float: Float32Array;
  readonly quantized: Float32Array;
}

/** What rows come to, of float less quantized log-likelihood and of tokens. */
interface Sums {
  rows: number;
  tokens: number;
  float: number;
  quantized: number;
  ratio: { dd: number; dn: number; nn: number };
}

/**
 * How likely two models hold each next token: exp of the mean negative log-likelihood. It goes by an input of token ids,
 * [batch, tokens], and the first output [batch, tokens, vocabulary]: the scores at a token are of the one after it, also of the
 * next step of a sequence. Left out are masked tokens, and 0s at the end of a row, which are taken as padding. Nothing is told
 * where ids are beyond the vocabulary, where the float model holds the token itself likelier than the next (it sees both, as
 * BERT does), and where it is no better than chance.
 */
export class NextTokens {
  #output: string | null = null;
  #vocabulary = 0;
  #probabilities: boolean | null = null;
  #isForeign = false;
  #padding = 0;
  /** Of the float model, of the token that scores lie at. */
  #own = 0;
  #pending: Scores | null = null;
  #row = { tokens: 0, difference: 0 };
  readonly #sums: Sums = { rows: 0, tokens: 0, float: 0, quantized: 0, ratio: { dd: 0, dn: 0, nn: 0 } };

  /** The output that it goes by; null where there is none. */
  get output(): string | null {
    return this.#output;
  }

  /** `step` says whether the sample is a step, and whether it follows on the last one. */
  add(feeds: TensorMap, float: TensorMap, quantized: TensorMap, step: Step = "alone"): void {
    const tokens = [...feeds].find(([name, { type, dims }]) => isTokenInput({ name, type, dims: [...dims] }))?.[1];
    const found = tokens && scoresFor(tokens, float);
    const other = found && quantized.get(found.name)?.data;
    if (!tokens || !found || !(other instanceof Float32Array)) return;
    if (step !== "next") this.#endRow();
    this.#output ??= found.name;
    this.#vocabulary = found.vocabulary;
    const [rows = 0, length = 0] = tokens.dims;
    const ids = Array.from(tokens.data, Number);
    if (ids.some((id) => id >= found.vocabulary || id < 0)) this.#isForeign = true;
    if (this.#isForeign) return;
    const mask = feeds.get("attention_mask");
    for (let row = 0; row < rows; row++) {
      const line = ids.slice(row * length, (row + 1) * length);
      const kept = keptTokens(line, mask && maskOf(mask, row, length), step === "alone");
      this.#padding += kept.filter((isKept) => !isKept).length;
      for (const [at, id] of line.entries()) {
        if (!kept[at]) {
          this.#pending = null;
          continue;
        }
        if (this.#pending) this.#count(this.#pending, id);
        const start = (row * length + at) * found.vocabulary;
        const end = start + found.vocabulary;
        this.#pending = { float: found.data.subarray(start, end), quantized: other.subarray(start, end) };
        this.#probabilities ??= areProbabilities(this.#pending.float);
        this.#own += this.#likelihood(this.#pending.float, id);
      }
      if (step === "alone") this.#endRow();
    }
    if (this.#pending) {
      const { float: scores, quantized: others } = this.#pending;
      this.#pending = { float: scores.slice(), quantized: others.slice() };
    }
  }

  /** Null where it would mean nothing. */
  result(): Perplexity | null {
    this.#endRow();
    const { tokens, float, quantized, rows, ratio } = this.#sums;
    if (this.#output === null || this.#isForeign || tokens === 0 || !this.#isCausal || this.#isChance) return null;
    const interval = ratioInterval({ ...ratio, rows, tokens, difference: float - quantized });
    return {
      output: this.#output,
      tokens,
      float: Math.exp(-float / tokens),
      quantized: Math.exp(-quantized / tokens),
      rise: Math.exp((float - quantized) / tokens) - 1,
      interval: interval && [Math.exp(interval[0]) - 1, Math.exp(interval[1]) - 1],
    };
  }

  notices(): Notice[] {
    const { tokens, float } = this.#sums;
    if (this.#output === null || this.#isForeign || tokens === 0 || !this.#isCausal) return [];
    const subject = this.#output;
    if (this.#isChance) {
      const message = `The float model itself holds the next token no likelier than chance (perplexity ${significant(Math.exp(-float / tokens))} of ${count(this.#vocabulary)} tokens), so perplexity says nothing: are these the tokens of this model?`;
      return [{ kind: "warning", subject, message }];
    }
    if (this.#padding === 0) return [];
    const message = `${plural(this.#padding, "token")} that the mask leaves out, or 0 at the end of a row, ${this.#padding === 1 ? "is" : "are"} taken as padding and left out of perplexity.`;
    return [{ kind: "info", subject, message }];
  }

  get #isCausal(): boolean {
    return this.#sums.float > this.#own;
  }

  get #isChance(): boolean {
    return -this.#sums.float / this.#sums.tokens >= Math.log(this.#vocabulary);
  }

  #count({ float, quantized }: Scores, id: number): void {
    const [a, b] = [this.#likelihood(float, id), this.#likelihood(quantized, id)];
    if (!Number.isFinite(a) || !Number.isFinite(b)) return;
    this.#sums.tokens++;
    this.#sums.float += a;
    this.#sums.quantized += b;
    this.#row.tokens++;
    this.#row.difference += a - b;
  }

  #likelihood(scores: Float32Array, id: number): number {
    if (this.#probabilities) return Math.log(Math.max(scores[id]!, LEAST_PROBABILITY));
    return scores[id]! - logSumExp(scores);
  }

  #endRow(): void {
    const { tokens, difference } = this.#row;
    this.#pending = null;
    this.#row = { tokens: 0, difference: 0 };
    if (tokens === 0) return;
    const { ratio } = this.#sums;
    this.#sums.rows++;
    ratio.dd += difference ** 2;
    ratio.dn += difference * tokens;
    ratio.nn += tokens ** 2;
  }
}

/** What a sample is, for one that follows on the last: the first step of a sequence, a later one, or no step. */
export function stepOf({ sequences }: Dataset, index: number): Step {
  if (!sequences) return "alone";
  return sequences.startOf(index) === index ? "first" : "next";
}

/** An 8-bit Softmax rounds most of what it gives to 0. */
const LEAST_PROBABILITY = 1e-7;

function scoresFor(
  { dims: [rows, length] }: Tensor,
  outputs: TensorMap,
): { readonly name: string; readonly data: Float32Array; readonly vocabulary: number } | null {
  for (const [name, { dims, data }] of outputs) {
    const [a, b, vocabulary = 0] = dims;
    if (!(data instanceof Float32Array) || dims.length !== 3 || a !== rows || b !== length || vocabulary < 2) continue;
    return { name, data, vocabulary };
  }
  return null;
}

/** The last `length` entries of a row: a mask covers the past too. */
function maskOf({ dims, data }: Tensor, row: number, length: number): readonly boolean[] | undefined {
  const width = dims[1] ?? 0;
  if (dims.length !== 2 || width < length) return undefined;
  const end = (row + 1) * width;
  return Array.from({ length }, (_, at) => Number(data[end - length + at]) !== 0);
}

function keptTokens(
  line: readonly number[],
  mask: readonly boolean[] | undefined,
  hasEnd: boolean,
): readonly boolean[] {
  const last = hasEnd ? line.findLastIndex((id) => id !== 0) : line.length - 1;
  return line.map((_, at) => at <= last && (mask?.[at] ?? true));
}
