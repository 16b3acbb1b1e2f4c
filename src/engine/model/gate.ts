import { about, also, either, fields, finite, maybe, type Of, record } from "../schema/define.ts";

const least0 = about(
  "At least 0.",
  also(finite, (value, fail) => (value < 0 ? fail("a number of at least 0") : undefined)),
);
const byOutput = also(record(finite), (limits, fail) => {
  if (Object.keys(limits).length === 0) fail('an object of one output or more, such as {"*": 20}');
});
const share = also(finite, (value, fail) => {
  if (value < 0 || value > 1) fail("a share, 0 to 1");
});

/** What a result has to keep; a rule that is left out is not asked for. */
export const RULES = also(
  fields({
    maxTop1Drop: maybe(about("Drop of top-1 accuracy, float less quantized, in points.", least0)),
    maxTop5Drop: maybe(about("Likewise of top-5.", least0)),
    maxPerplexityRise: maybe(about("Rise of perplexity over float, in percent.", least0)),
    minSqnr: maybe(
      about(
        'Of every output, dB; or by output, {"scores": 30, "*": 20}, where "*" stands for all that are not named.',
        either([finite, byOutput], "a number of dB, or an object of one for each output"),
      ),
    ),
    maxBytes: maybe(about("Of the quantized model with its weights, bytes.", least0)),
    maxSizeRatio: maybe(about("Those over the bytes of the float model.", least0)),
    maxLatencyRatio: maybe(about("Median time of a run, quantized over float.", least0)),
    minIntegerShare: maybe(about("Share, 0 to 1, of the layers whose arithmetic is in integers.", share)),
  }),
  (rules, fail) => {
    if (Object.values(rules).every((rule) => rule === undefined)) {
      fail('an object of one rule or more, such as {"maxTop1Drop": 1}');
    }
  },
);
export type Rules = Of<typeof RULES>;
export type RuleName = keyof Rules;

/** What became of one rule. Missed: there is nothing that it could be held against. */
export interface GateCheck {
  readonly rule: RuleName;
  /** The output that it is about, where it is about one. */
  readonly output: string | null;
  readonly state: "passed" | "failed" | "missed";
  readonly limit: number;
  /** In the unit of the limit; null where it is missed. */
  readonly value: number | null;
  /** In a sentence, with its unit, and what it was measured on or what is lacking. */
  readonly sentence: string;
}

export interface Gate {
  readonly model: string;
  readonly passed: boolean;
  readonly checks: readonly GateCheck[];
}
