import { join } from "node:path";
import { InputError } from "../../src/engine/model/job.ts";
import type { SensitivityShard } from "../../src/engine/model/sensitivityShard.ts";
import type { Shard } from "../../src/engine/model/shard.ts";
import { mergeSensitivity, mergeShards, readAnyShard, writeCalibration } from "../../src/engine/project/index.ts";
import { plural } from "../../src/engine/values/figures.ts";
import { TOOL } from "../../src/engine/values/tool.ts";
import type { ArgumentsOf } from "../definitions.ts";
import { readText } from "../files.ts";
import { assertFolder, writeText } from "../results.ts";
import { describeSensitivity } from "../sensitivityText.ts";
import type { Terminal } from "../terminal.ts";

type Named<P> = readonly [name: string, part: P];

/** Makes one calibration of all its shards and writes it, or one sensitivity measurement and prints it. */
export async function mergeCommand({ names, values }: ArgumentsOf<"merge">, terminal: Terminal): Promise<number> {
  const paths: readonly string[] = names;
  const observed: Named<Shard>[] = [];
  const measured: Named<SensitivityShard>[] = [];
  for (const path of paths) {
    const shard = readAnyShard(await readText(path), path);
    if ("observed" in shard) observed.push([path, shard.observed]);
    else measured.push([path, shard.measured]);
  }
  const [calibrated, ranked] = [observed[0]?.[0], measured[0]?.[0]];
  if (calibrated !== undefined && ranked !== undefined) {
    throw new InputError(
      `${calibrated} is a shard of a calibration and ${ranked} one of a sensitivity measurement; merge them apart.`,
    );
  }
  return ranked === undefined ? await writeMerged(observed, values, terminal) : printMerged(measured, values, terminal);
}

type Values = ArgumentsOf<"merge">["values"];

async function writeMerged(shards: readonly Named<Shard>[], values: Values, terminal: Terminal): Promise<number> {
  const out = values.out ?? ".";
  await assertFolder(out);
  const calibration = mergeShards(shards);
  const file = `${calibration.model.name}.calibration.json`;
  await writeText(out, file, writeCalibration(calibration, `${TOOL.name} ${TOOL.version}`), terminal.context.signal);
  const { observed, skipped, executors, notices } = calibration;
  terminal.notices(notices);
  terminal.result(
    values.json,
    { out, file, shards: shards.length, samples: observed.length, skipped: skipped.length, executors, notices },
    [`${plural(shards.length, "shard")} of ${plural(observed.length, "sample")} merged`, `  ${join(out, file)}`],
  );
  return 0;
}

function printMerged(shards: readonly Named<SensitivityShard>[], values: Values, terminal: Terminal): number {
  if (values.out) {
    throw new InputError(
      "--out is where a calibration goes; a sensitivity measurement is printed, all of it with --json.",
    );
  }
  const { model, split, metric, sensitivity, walk, recipe, notices } = mergeSensitivity(shards);
  const said = [...notices, ...sensitivity.notices];
  terminal.notices(said);
  terminal.result(
    values.json,
    { model, split, sensitivity, walk, culprits: null, recipe, notices: said },
    describeSensitivity(sensitivity, walk, metric, split),
  );
  return 0;
}
