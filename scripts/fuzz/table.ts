import { cpus } from "node:os";
import { tableLines } from "../bench/text.ts";
import type { Fuzzed } from "./run.ts";
import { inputsIn, type Tally } from "./tally.ts";

const grouped = (value: number) => value.toLocaleString("en-US");

/** A row a format, and one of all. */
export function tableOf({ tallies }: Fuzzed): string[] {
  const rows = [...tallies].sort(([a], [b]) => a.localeCompare(b, "en"));
  const all: Tally = { accepted: 0, refused: 0, defects: 0 };
  for (const [, tally] of rows) for (const as of ["accepted", "refused", "defects"] as const) all[as] += tally[as];
  return tableLines(
    [...rows, ["all", all] as const].map(([format, { accepted, refused, defects }]) => ({
      format,
      inputs: grouped(accepted + refused + defects),
      read: grouped(accepted),
      refused: grouped(refused),
      defects: grouped(defects),
    })),
  );
}

/** docs/fuzz.md of a run that took so many seconds. */
export function documentOf(fuzzed: Fuzzed, seconds: number): string {
  const { seed, tallies, defects } = fuzzed;
  const machine = `${cpus()[0]?.model.trim() ?? "an unnamed processor"}, Node ${process.versions.node}`;
  return `${[
    "# Damaged and hostile inputs",
    "",
    "Written by `npm run fuzz -- --table`. Small inputs of every format that is read are changed, bit by bit or in what they say (a field of a message, a",
    "member of JSON, a size in a header, with checksums and authentication codes that hold), and go through the door that a command takes them by, in a process that is watched.",
    "A defect is a process that ends, an input that takes more than 5 s or 1 GiB of memory, an error that is not ours, and a refusal that is no sentence. The",
    "same seed makes the same inputs. The smallest input of each kind that a run finds is kept in `scripts/fuzz/cases`, and a test reads them all; 20,000",
    "inputs of seed 1 are read by `npm test`.",
    "",
    `${grouped(inputsIn(tallies))} inputs of seed ${seed} in ${grouped(Math.round(seconds))} s on ${machine}, ${new Date().toISOString().slice(0, 10)}: ${defects.length} kinds of defects.`,
    "",
    ...tableOf(fuzzed),
    "",
  ].join("\n")}`;
}
