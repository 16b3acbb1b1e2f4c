import { InputError } from "../model/job.ts";
import type { SensitivityShard } from "../model/sensitivityShard.ts";
import { reliabilityOf } from "../tuning/sensitivity.ts";
import { Parts, type Whole } from "./parts.ts";

const COMMON: Whole<SensitivityShard>["common"] = [
  ["another model", ({ model }) => model.sha256],
  ["another number of shards", ({ shard }) => shard.of],
  ["other samples", ({ split, sensitivity: { samples, wanted, labelled } }) => [split, samples, wanted, labelled]],
  ["another metric", ({ metric }) => metric],
  [
    "another recipe, or ranges that were found otherwise (one --recipe with its ranges is the same for all)",
    ({ recipe }) => recipe,
  ],
  [
    "another runtime or number of threads, which need not give the same bits",
    ({ sensitivity }) => sensitivity.executor,
  ],
  [
    "another error with everything quantized, so that samples or machines differ,",
    ({ sensitivity }) => sensitivity.all,
  ],
];

type Measured = Pick<SensitivityShard, "halves"> & Pick<SensitivityShard["sensitivity"], "layers" | "seconds">;

/**
 * What one run over all layers and all samples would have measured, bit for bit where the runtime is; its seconds are those of all shards. They are given
 * one after another, in any order, and of each its layers alone are kept, without the recipe. Throws
 * InputError where a shard is missing or given twice, they are of another model, other samples or another recipe, or ran otherwise, or two
 * hold the same layer.
 */
export class SensitivityMerge {
  readonly #parts = new Parts({ noun: "measurement", twice: "its layers would be there twice", common: COMMON });
  readonly #measured = new Map<number, Measured>();
  readonly #holders = new Map<string, string>();
  /** That of the first layers so far. */
  #first: SensitivityShard | null = null;

  /** Throws InputError, which names the file, for what is no part of the same measurement, is there already, or holds layers of another. */
  add(name: string, part: SensitivityShard): void {
    this.#parts.add(name, part);
    const { shard, halves, sensitivity } = part;
    for (const { layer } of sensitivity.layers) this.#claim(layer, name);
    this.#measured.set(shard.index, { halves, layers: sensitivity.layers, seconds: sensitivity.seconds });
    if (!this.#first || shard.index < this.#first.shard.index) this.#first = part;
  }

  #claim(layer: string, name: string): void {
    const other = this.#holders.get(layer);
    if (other !== undefined) {
      throw new InputError(
        `${other} and ${name} both hold the layer ${layer}, so one is not the shard that it says; measure it again.`,
      );
    }
    this.#holders.set(layer, name);
  }

  /** Throws InputError where a shard is missing. */
  result(): Omit<SensitivityShard, "shard" | "halves"> {
    this.#parts.assertWhole();
    const { shard, halves, ...first } = this.#first!;
    const measured = [...this.#measured].sort(([a], [b]) => a - b).map(([, part]) => part);
    return {
      ...first,
      sensitivity: {
        ...first.sensitivity,
        reliability: halves ? reliabilityOf(measured.flatMap((part) => part.halves ?? [])) : null,
        layers: measured.flatMap(({ layers }) => layers),
        seconds: measured.reduce((sum, { seconds }) => sum + seconds, 0),
      },
    };
  }
}
