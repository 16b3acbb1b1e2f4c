import { InputError } from "../model/job.ts";
import type { SensitivityShard } from "../model/sensitivityShard.ts";
import { reliabilityOf } from "../tuning/sensitivity.ts";
import { type NamedPart, type Whole, wholeOf } from "./wholeOf.ts";

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

/**
 * What one run over all layers and all samples would have measured, bit for bit where the runtime is; its seconds are those of all shards. Throws
 * InputError where a shard is missing or given twice, they are of another model, other samples or another recipe, or ran otherwise, or two
 * hold the same layer.
 */
export function mergeSensitivity(
  given: readonly NamedPart<SensitivityShard>[],
): Omit<SensitivityShard, "shard" | "halves"> {
  const twice = "its layers would be there twice";
  const named = wholeOf(given, { noun: "measurement", twice, common: COMMON });
  assertDisjoint(named);
  const parts = named.map(([, part]) => part);
  const { shard, halves: _, ...first } = parts[0]!;
  const halves = parts.flatMap((part) => part.halves ?? []);
  return {
    ...first,
    sensitivity: {
      ...first.sensitivity,
      reliability: parts[0]!.halves ? reliabilityOf(halves) : null,
      layers: parts.flatMap(({ sensitivity }) => sensitivity.layers),
      seconds: parts.reduce((sum, { sensitivity }) => sum + sensitivity.seconds, 0),
    },
  };
}

function assertDisjoint(parts: readonly NamedPart<SensitivityShard>[]): void {
  const holders = new Map<string, string>();
  for (const [name, { sensitivity }] of parts) {
    for (const { layer } of sensitivity.layers) {
      const other = holders.get(layer);
      if (other !== undefined) {
        throw new InputError(
          `${other} and ${name} both hold the layer ${layer}, so one is not the shard that it says; measure it again.`,
        );
      }
      holders.set(layer, name);
    }
  }
}
