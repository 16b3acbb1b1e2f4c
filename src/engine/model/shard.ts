import { about, count, fields, integer, list, number, type Of, text } from "../schema/define.ts";
import type { Calibration } from "./calibration.ts";

/** What doubts about samples ask of a model: with these, statistics alone tell them. */
export const DOUBT_FACTS = fields({
  inputs: about("Tensors that hold what the inputs are given, held ones too.", list(text)),
  open: about("Inputs that every sample gives.", list(text)),
  data: about("Tensors that hold what these are given, in that order.", list(text)),
  moments: about(
    "Mean and standard deviation that BatchNormalization gives a tensor by its own account, over all channels.",
    list(fields({ tensor: text, mean: number, deviation: number })),
  ),
  firstLayers: about(
    "Convolutions of three channels that read an input, by what they make, and the largest magnitude of their biases.",
    list(fields({ input: text, output: text, largest: number })),
  ),
  probabilities: about("Tensors of probabilities, 0 to 1, that reach an output.", list(text)),
  outputs: about("The model's.", list(text)),
});
export type DoubtFacts = Of<typeof DOUBT_FACTS>;

/** What a shard says beside what it observed. */
export const SHARD = {
  shard: about(
    "Which part of the samples it is, from 1, and of how many.",
    fields({ index: integer(1), of: integer(1) }),
  ),
  samples: about("Samples of all shards together.", count),
  listing: about("Tells the samples' names and their order from others.", text),
  sources: about("Where the samples of this shard came from, in their order.", list(text)),
  facts: about("What doubts about samples ask of the model.", DOUBT_FACTS),
};

const SHARD_FIELDS = fields(SHARD);

/** What one of several runs observed of its part of the samples, to be merged with the others. */
export type Shard = Of<typeof SHARD_FIELDS> & { readonly calibration: Calibration };

/** The first sample of a part, and the one after its last: parts follow each other and differ by one sample at most. */
export function partOf(samples: number, { index, of }: Shard["shard"]): readonly [number, number] {
  return [Math.floor((samples * (index - 1)) / of), Math.floor((samples * index) / of)];
}
