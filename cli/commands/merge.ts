import { join } from "node:path";
import { InputError } from "../../src/engine/model/job.ts";
import type { SensitivityShard } from "../../src/engine/model/sensitivityShard.ts";
import type { Shard } from "../../src/engine/model/shard.ts";
import { mergeSensitivity, mergeShards, readAnyShard, writeCalibration } from "../../src/engine/project/index.ts";
import { plural } from "../../src/engine/values/figures.ts";
import { TOOL } from "../../src/engine/values/tool.ts";
import type { ArgumentsOf } from "../definitions.ts";
import { passphraseFor, readDocumentText } from "../passphrase.ts";
import { assertFolder, writeText } from "../results.ts";
import { describeSensitivity } from "../sensitivityText.ts";
import type { Terminal } from "../terminal.ts";

type Named<P> = readonly [name: string, part: P];

/** Makes one calibration of all its shards and writes it, or one sensitivity measurement and prints it. */
export async function mergeCommand({ names, values }: ArgumentsOf<"merge">, terminal: Terminal): Promise<number> {
  const paths: readonly string[] = names;
  const passphrase = passphraseFor(values);
  const observed: Named<Shard>[] = [];
  const measured: Named<SensitivityShard>[] = [];
  for (const path of paths) {
    const shard = readAnyShard(await readDocumentText(path), path);
    if ("observed" in shard) observed.push([path, shard.observed]);
    else measured.push([path, shard.measured]);
  }
  const [calibrated, ranked] = [observed[0]?.[0], measured[0]?.[0]];
  if (calibrated !== undefined && ranked !== undefined) {
    throw new InputError(
      `${calibrated} is a shard of a calibration and ${ranked} one of a sensitivity measurement; merge them apart.`,
    );
  }
  if (ranked !== undefined) return printMerged(measured, values, terminal);
  return writeMerged(observed, values, passphrase, terminal);
}

type Values = ArgumentsOf<"merge">["values"];

async function writeMerged(
  shards: readonly Named<Shard>[],
  values: Values,
  passphrase: string | null,
  terminal: Terminal,
): Promise<number> {
  const out = values.out ?? ".";
  await assertFolder(out);
  const calibration = mergeShards(shards);
  const text = writeCalibration(calibration, `${TOOL.name} ${TOOL.version}`);
  const named = `${calibration.model.name}.calibration.json`;
  const file = await writeText(out, named, text, passphrase, terminal.context.signal);
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
  if (values.out || values.encrypt) {
    throw new InputError(
      "--out and --encrypt are for a calibration, which is written; a sensitivity measurement is printed, all of it with --json.",
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
