import { join } from "node:path";
import { mergeShards, readShard, writeCalibration } from "../../src/engine/project/index.ts";
import { plural } from "../../src/engine/values/figures.ts";
import { TOOL } from "../../src/engine/values/tool.ts";
import type { ArgumentsOf } from "../definitions.ts";
import { readText } from "../files.ts";
import { assertFolder, writeText } from "../results.ts";
import type { Terminal } from "../terminal.ts";

/** Makes one calibration of all its shards. */
export async function mergeCommand({ names, values }: ArgumentsOf<"merge">, terminal: Terminal): Promise<number> {
  const paths: readonly string[] = names;
  const out = values.out ?? ".";
  await assertFolder(out);
  const shards = await Promise.all(paths.map(async (path) => [path, readShard(await readText(path), path)] as const));
  const calibration = mergeShards(shards);
  const file = `${calibration.model.name}.calibration.json`;
  await writeText(out, file, writeCalibration(calibration, `${TOOL.name} ${TOOL.version}`), terminal.context.signal);
  const { observed, skipped, executors, notices } = calibration;
  terminal.notices(notices);
  terminal.result(
    values.json,
    { out, file, shards: paths.length, samples: observed.length, skipped: skipped.length, executors, notices },
    [`${plural(paths.length, "shard")} of ${plural(observed.length, "sample")} merged`, `  ${join(out, file)}`],
  );
  return 0;
}
