import { join } from "node:path";
import { InputError, type Notice } from "../../src/engine/model/job.ts";
import { readAnyShard, SensitivityMerge, ShardMerge, writeCalibration } from "../../src/engine/project/index.ts";
import { plural } from "../../src/engine/values/figures.ts";
import { TOOL } from "../../src/engine/values/tool.ts";
import type { ArgumentsOf } from "../definitions.ts";
import { passphraseCount, passphraseFor, readDocumentText, VARIABLE } from "../passphrase.ts";
import { assertFolder, writeText } from "../results.ts";
import { describeSensitivity } from "../sensitivityText.ts";
import type { Terminal } from "../terminal.ts";

/**
 * Makes one calibration of all its shards and writes it, or one sensitivity measurement and prints it. One shard is in memory at a time, beside what
 * there is of the whole.
 */
export async function mergeCommand({ names, values }: ArgumentsOf<"merge">, terminal: Terminal): Promise<number> {
  const { signal, report } = terminal.context;
  const out = values.out ?? ".";
  const passphrase = passphraseFor(values, true);
  const merge = { observed: new ShardMerge(), measured: new SensitivityMerge() };
  const firsts = new Map<keyof typeof merge, string>();
  for (const [done, path] of names.entries()) {
    signal.throwIfAborted();
    report({ task: "Merging", done, total: names.length, unit: "shards" });
    const shard = readAnyShard(await readDocumentText(path), path);
    const kind = "observed" in shard ? "observed" : "measured";
    if (!firsts.has(kind)) {
      firsts.set(kind, path);
      assertAlike(firsts);
      if (kind === "observed") await assertFolder(out);
      else assertPrinted(values);
    }
    if ("observed" in shard) merge.observed.add(path, shard.observed);
    else merge.measured.add(path, shard.measured);
  }
  if (firsts.has("measured")) return printMerged(merge.measured, values, terminal);
  return writeMerged(merge.observed, out, values, passphrase, terminal);
}

type Values = ArgumentsOf<"merge">["values"];

function assertAlike(firsts: ReadonlyMap<"observed" | "measured", string>): void {
  const [calibrated, ranked] = [firsts.get("observed"), firsts.get("measured")];
  if (calibrated === undefined || ranked === undefined) return;
  throw new InputError(
    `${calibrated} is a shard of a calibration and ${ranked} one of a sensitivity measurement; merge them apart.`,
  );
}

function assertPrinted({ out, encrypt }: Values): void {
  if (!out && !encrypt) return;
  throw new InputError(
    "--out and --encrypt are for a calibration, which is written; a sensitivity measurement is printed, all of it with --json.",
  );
}

async function writeMerged(
  merge: ShardMerge,
  out: string,
  values: Values,
  passphrase: string | null,
  terminal: Terminal,
): Promise<number> {
  const calibration = merge.result();
  const text = writeCalibration(calibration, `${TOOL.name} ${TOOL.version}`);
  const named = `${calibration.model.name}.calibration.json`;
  const file = await writeText(out, named, text, passphrase, terminal.context.signal);
  const { observed, skipped, executors } = calibration;
  const notices = [...calibration.notices, ...encryptedBy(file, passphrase)];
  const { shards } = merge;
  terminal.notices(notices);
  terminal.result(
    values.json,
    { out, file, shards, samples: observed.length, skipped: skipped.length, executors, notices },
    [`${plural(shards, "shard")} of ${plural(observed.length, "sample")} merged`, `  ${join(out, file)}`],
  );
  return 0;
}

/** Said where several passphrases are set, since whoever opens the file has to know which it was. */
function encryptedBy(file: string, passphrase: string | null): Notice[] {
  const count = passphraseCount();
  if (passphrase === null || count < 2) return [];
  return [
    { kind: "info", subject: file, message: `Encrypted with the first of the ${count} passphrases in ${VARIABLE}.` },
  ];
}

function printMerged(merge: SensitivityMerge, values: Values, terminal: Terminal): number {
  const { model, split, metric, sensitivity, walk, recipe, notices } = merge.result();
  const said = [...notices, ...sensitivity.notices];
  terminal.notices(said);
  terminal.result(
    values.json,
    { model, split, sensitivity, walk, culprits: null, recipe, notices: said },
    describeSensitivity(sensitivity, walk, metric, split),
  );
  return 0;
}
