import { type Observation, ObservationMerge } from "../calibration/mergeObservations.ts";
import type { Calibration, Execution } from "../model/calibration.ts";
import type { Dataset } from "../model/dataset.ts";
import { InputError, type JobContext } from "../model/job.ts";
import type { Runtimes } from "../model/runtime.ts";
import { type DoubtFacts, partOf, type Shard } from "../model/shard.ts";
import { Sha256 } from "../numerics/sha256.ts";
import { plural } from "../values/figures.ts";
import { hex } from "../values/hex.ts";
import { observe } from "./calibrate.ts";
import type { OpenDataset } from "./data.ts";
import { checkOutputs, doubtFacts, doubtsOf } from "./doubts.ts";
import type { OpenModel } from "./open.ts";
import { Parts, type Whole } from "./parts.ts";

export interface ShardRequest {
  readonly shard: Shard["shard"];
  /** Of all shards together: the first so many of the one permutation. */
  readonly samples: number;
  readonly execution: Execution;
}

/** Observes one part of the samples, which keep their indices. Throws InputError where there are fewer samples than parts, or it has none to read. */
export async function calibrateShard(
  model: OpenModel,
  dataset: OpenDataset,
  { shard, samples: wanted, execution }: ShardRequest,
  runtimes: Runtimes,
  context: JobContext,
): Promise<Shard> {
  const samples = Math.min(wanted, dataset.length);
  if (shard.of > samples) {
    throw new InputError(
      `${plural(samples, "sample")} cannot be cut into ${shard.of} shards; take ${samples} shards at most.`,
    );
  }
  const [first, end] = partOf(samples, shard);
  const request = { skip: first, samples: end - first, preprocess: dataset.preprocess, resume: null, execution };
  const calibration = await observe(model, dataset, { ...request, checkpoint: () => undefined }, runtimes, context);
  return {
    shard,
    samples,
    listing: listingOf(dataset),
    sources: Array.from({ length: end - first }, (_, at) => dataset.sourceOf(first + at)),
    facts: doubtFacts(model),
    calibration: { ...calibration, wanted },
  };
}

/** Tells the samples' names and their order from others, name after name: there may be millions. */
function listingOf(dataset: Pick<Dataset, "length" | "sourceOf">): string {
  const hash = new Sha256();
  const encoder = new TextEncoder();
  for (let index = 0; index < dataset.length; index++) hash.update(encoder.encode(`${dataset.sourceOf(index)}\n`));
  return hex(hash.digest());
}

const COMMON: Whole<Shard>["common"] = [
  ["another model", ({ calibration: { model } }) => model.sha256],
  ["another number of shards", ({ shard }) => shard.of],
  ["another number of samples", ({ samples, calibration: { wanted } }) => [samples, wanted]],
  ["another order of samples (seed)", ({ calibration: { seed } }) => seed],
  ["other samples, or the same under other names", ({ listing }) => listing],
  ["samples that were preprocessed otherwise", ({ calibration: { preprocess } }) => preprocess],
  [
    "channels that were scaled otherwise",
    ({ calibration: { equalized, smoothed = false, scaling } }) => [equalized, smoothed, scaling],
  ],
  [
    "a model that was prepared otherwise, by another version of Octet",
    ({ facts, calibration: { statistics } }) => [facts, [...statistics.keys()]],
  ],
  [
    "another runtime, number of threads or samples at a time, which need not give the same bits",
    ({ calibration: { executors } }) =>
      new Set(
        executors.map(({ runtime, provider, threads, batch }) => JSON.stringify([runtime, provider, threads, batch])),
      ),
  ],
];

/**
 * The calibration that one run over all samples would have made, bit for bit, whatever the number of shards. They are given one after another, in any
 * order, and of each what grows with its samples alone is kept. Throws InputError where one is missing or
 * given twice, or they are of another model, other samples or another order, other preprocessing or scaling of channels, or ran otherwise: no runtime promises the same
 * bits for another number of threads or samples at a time.
 */
export class ShardMerge {
  readonly #parts = new Parts({ noun: "calibration", twice: "samples would count twice", common: COMMON });
  readonly #merge = new ObservationMerge();
  readonly #samples = new Map<number, Pick<Shard, "sources"> & Pick<Calibration, "prints">>();
  /** That of the first samples so far. */
  #first: { readonly index: number; readonly facts: DoubtFacts; readonly calibration: About } | null = null;

  /** Throws InputError, which names the file, for what is no part of the same calibration, is there already, or lacks samples. */
  add(name: string, part: Shard): void {
    this.#parts.add(name, part);
    assertHeld(name, part);
    const { index } = part.shard;
    this.#merge.add(index, part.calibration);
    this.#samples.set(index, { sources: part.sources, prints: part.calibration.prints });
    if (this.#first && this.#first.index < index) return;
    this.#first = { index, facts: part.facts, calibration: aboutOf(part.calibration) };
  }

  /** How many were given. */
  get shards(): number {
    return this.#samples.size;
  }

  /** Throws InputError where a shard is missing, or what they observed is of no use. */
  result(): Calibration {
    this.#parts.assertWhole();
    const { facts, calibration } = this.#first!;
    const merged = this.#merge.result();
    checkOutputs(facts, merged);
    const ordered = [...this.#samples].sort(([a], [b]) => a - b).map(([, samples]) => samples);
    const sources = ordered.flatMap(({ sources }) => sources);
    return {
      ...calibration,
      prints: ordered.some(({ prints }) => prints === null) ? null : ordered.map(({ prints }) => prints).join(""),
      ...merged,
      notices: [...merged.notices, ...doubtsOf(facts, merged, { sourceOf: (index) => sources[index]! })],
    };
  }
}

type About = Omit<Calibration, keyof Observation | "prints">;

function aboutOf({ model, equalized, smoothed, scaling, wanted, preprocess, seed }: Calibration): About {
  return {
    ...{ model, equalized, ...(smoothed !== undefined && { smoothed }), ...(scaling !== undefined && { scaling }) },
    ...{ wanted, preprocess, seed },
  };
}

/** Throws InputError for a shard that does not hold all samples of its part. */
function assertHeld(name: string, { shard, samples, calibration }: Shard): void {
  const [first, end] = partOf(samples, shard);
  const held = [...calibration.observed, ...calibration.skipped].sort((a, b) => a - b);
  if (held.length === end - first && held.every((sample, i) => sample === first + i)) return;
  throw new InputError(
    `${name} does not hold the samples ${first} to ${end - 1}, which are those of shard ${shard.index} of ${shard.of}; run it again.`,
  );
}
