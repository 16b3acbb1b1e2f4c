import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { partOf } from "../../../src/engine/model/shard.ts";
import type { Row } from "../../bench/part.ts";
import { until } from "../browsers/driver.ts";
import { finished } from "../docs/copy.ts";
import { type Cluster, startCluster } from "./cluster.ts";

const at = (path: string) => fileURLToPath(new URL(`../../../${path}`, import.meta.url));
const NAME = "mobilenet_v1_0.75_224";
const MODEL = at(`../shared/models/${NAME}.onnx`);
const DATA = ["--data", at("../shared/data/imagenet-mini"), "--preprocess", "imagenet-tf"];
const SAMPLES = 200;
const MANY = 64;
const LARGER = 10_000;
const ROUNDS = 3;

/** Calibrates on one machine and as job arrays of Slurm, and tells the time by the number of shards. Throws where a calibration is not that of one machine, byte for byte. */
export async function scaleOut(): Promise<Row[]> {
  const folder = mkdtempSync(join(tmpdir(), "octet-scale-"));
  const cluster = await startCluster();
  try {
    return await measured(cluster, new Timed(cluster, folder));
  } finally {
    await cluster.stop();
    rmSync(folder, { recursive: true });
  }
}

async function measured(cluster: Cluster, timed: Timed): Promise<Row[]> {
  const alone: Time[] = [];
  const few: Time[] = [];
  const pairs: Ran[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    console.error(`  round ${round + 1} of ${ROUNDS}`);
    alone.push(await timed.one("calibrate", MODEL, ...DATA, "--out", timed.at("alone")));
    few.push(await timed.one("calibrate", MODEL, ...DATA, "--shard", `1/${MANY}`, "--out", timed.at("few")));
    const pair = await timed.array(2, `pair-${round}`);
    if (!pair.wereTogether) throw new Error("The two tasks did not run side by side.");
    pairs.push(pair);
  }
  console.error("  a task that is lost, and one that fails");
  await timed.array(2, "lost", loseOne);
  await timed.refused();
  console.error(`  ${MANY} tasks`);
  const many = await timed.array(MANY, "many");

  const one = middle(alone);
  const small = middle(few);
  const sample = (one.busy - small.busy) / (SAMPLES - first(MANY));
  const opening = small.busy - first(MANY) * sample;
  const two = { shard: middle(pairs.map(({ shard }) => shard)), merge: middle(pairs.map(({ merge }) => merge)) };
  const bytes = pairs[0]!.bytes;
  const byte = (many.merge.busy - two.merge.busy) / (many.bytes - bytes);
  const merging = (written: number) => two.merge.busy + byte * (written - bytes);
  const row = (shards: number, how: string, shard: number, merge: number, clock: number | null): Row => {
    const whole = shards === 1 ? 0 : merging(shards * many.merged);
    return {
      shards,
      how,
      "longest shard (s)": shard.toFixed(1),
      "merging (s)": shards === 1 ? "" : merge.toFixed(1),
      "both (s)": (shard + merge).toFixed(1),
      "of one machine's": ((shard + merge) / one.busy).toFixed(2),
      "by the clock (s)": clock?.toFixed(1) ?? "",
      [`${LARGER.toLocaleString("en")} samples, estimated (s)`]: (
        opening +
        Math.ceil(LARGER / shards) * sample +
        whole
      ).toFixed(0),
    };
  };
  const clock = two.shard.end - two.shard.begin + two.merge.end - two.merge.begin;
  return [
    row(1, "measured: `octet calibrate` alone", one.busy, 0, one.end - one.begin),
    row(2, `measured: ${cluster.label}, side by side`, two.shard.busy, two.merge.busy, clock),
    ...[4, 8, 16, 32, MANY].map((shards) => {
      const samples = Math.ceil(SAMPLES / shards);
      const how = `estimated: ${opening.toFixed(1)} s to open, ${samples} samples of ${(1000 * sample).toFixed(0)} ms`;
      const written = bytes + ((many.bytes - bytes) * (shards - 2)) / (MANY - 2);
      return row(shards, how, opening + samples * sample, merging(written), null);
    }),
  ];
}

/** That of median processor time. */
function middle(times: readonly Time[]): Time {
  return [...times].sort((a, b) => a.busy - b.busy)[Math.floor(times.length / 2)]!;
}

/** How many samples the first of so many shards has. */
const first = (of: number) => partOf(SAMPLES, { index: 1, of })[1];

/** Waits until both tasks observe samples, and loses one. */
async function loseOne(cluster: Cluster, logs: readonly string[]): Promise<void> {
  const running = await until("two tasks that observe samples", async () => {
    const tasks = (await cluster.tasks()).filter(({ name, state }) => name === "octet-shard" && state === "RUNNING");
    const said = await Promise.all(logs.map((log) => readFile(log, "utf8").catch(() => "")));
    return tasks.length === 2 && said.every((text) => text.includes("Calibrating")) && tasks;
  });
  await cluster.lose(running[0]!);
  if ((await cluster.restarts(running[0]!)) !== 1) throw new Error("The task that was lost was not started again.");
}

/** What an array and its merge took, and wrote, bytes. */
interface Ran {
  /** The one of most processor time. */
  readonly shard: Time;
  readonly merge: Time;
  /** Of all shards. */
  readonly bytes: number;
  /** Of the calibration. */
  readonly merged: number;
  /** Whether all shards ran at the same time. */
  readonly wereTogether: boolean;
}

/** Runs octet, alone and in the jobs of the example, and keeps what each command took. */
class Timed {
  readonly #cluster: Cluster;
  readonly #folder: string;
  readonly #settings: Readonly<Record<string, string>>;

  constructor(cluster: Cluster, folder: string) {
    this.#cluster = cluster;
    this.#folder = folder;
    mkdirSync(this.at("bin"));
    const octet = [
      "#!/bin/bash",
      "begin=$EPOCHREALTIME",
      `'${process.execPath}' '${at("cli/octet.mjs")}' "$@" || exit`,
      "end=$EPOCHREALTIME",
      `times > "$OCTET_TIMES.$$"`,
      `echo "$1 $begin $end $(tail -n 1 "$OCTET_TIMES.$$")" >> "$OCTET_TIMES"`,
    ];
    writeFileSync(this.at("bin/octet"), `${octet.join("\n")}\n`, { mode: 0o755 });
    const { settings } = cluster;
    this.#settings = { ...settings, PATH: `${this.at("bin")}:${settings.PATH}`, OCTET_TIMES: this.at("times") };
  }

  at(name: string): string {
    return join(this.#folder, name);
  }

  /** What a command takes that runs alone. */
  async one(...words: readonly string[]): Promise<Time> {
    const [time] = await this.#times(() => this.#run("octet", ...words));
    return time!;
  }

  /** Runs the example, doing something while it does, and compares its calibration with that of one machine. */
  async array(
    shards: number,
    name: string,
    meanwhile?: (cluster: Cluster, logs: readonly string[]) => Promise<void>,
  ): Promise<Ran> {
    const out = this.at(name);
    const times = await this.#times(async () => {
      await this.#run("bash", at("docs/examples/slurm.sh"), String(shards), out, MODEL, ...DATA);
      await meanwhile?.(
        this.#cluster,
        Array.from({ length: shards }, (_, i) => join(out, `shard-${i + 1}.log`)),
      );
      await until(`the end of ${name}`, async () => (await this.#cluster.tasks()).length === 0, 30 * 60_000);
    });
    const [alone, merged] = [this.at("alone"), out].map((folder) => join(folder, `${NAME}.calibration.json`)) as [
      string,
      string,
    ];
    const parts = times.filter(({ command }) => command === "calibrate");
    const [merge] = times.filter(({ command }) => command === "merge");
    if (parts.length !== shards || !merge) {
      throw new Error(
        `${name} ran ${parts.length} shards to their end:\n${readFileSync(join(out, "shard-1.log"), "utf8")}`,
      );
    }
    if (!readFileSync(merged).equals(readFileSync(alone))) {
      throw new Error(`The calibration of ${shards} shards is not that of one machine.`);
    }
    const written = readdirSync(join(out, "shards"));
    return {
      shard: parts.reduce((longest, part) => (part.busy > longest.busy ? part : longest)),
      merge,
      bytes: written.reduce((sum, shard) => sum + statSync(join(out, "shards", shard)).size, 0),
      merged: statSync(merged).size,
      wereTogether: Math.max(...parts.map(({ begin }) => begin)) < Math.min(...parts.map(({ end }) => end)),
    };
  }

  /** Runs the example on a model that is not there: its shards fail, and the merge must not wait for them. */
  async refused(): Promise<void> {
    const out = this.at("refused");
    await this.#run("bash", at("docs/examples/slurm.sh"), "2", out, this.at("none.onnx"), ...DATA);
    await until("the end of a merge whose shards failed", async () => (await this.#cluster.tasks()).length === 0);
    if (readdirSync(out).includes("merge.log")) throw new Error("A merge ran whose shards failed.");
    const said = readFileSync(join(out, "shard-1.log"), "utf8");
    if (!said.includes("none.onnx")) throw new Error(`A shard without a model said:\n${said}`);
  }

  #run(...words: readonly string[]): Promise<string> {
    return finished({ words, settings: this.#settings, at: this.#folder });
  }

  async #times(run: () => Promise<unknown>): Promise<readonly Time[]> {
    writeFileSync(this.at("times"), "");
    await run();
    const lines = readFileSync(this.at("times"), "utf8").split("\n").slice(0, -1);
    return lines.map((line) => {
      const [command = "", begin, end, ...busy] = line.split(" ");
      return {
        command,
        begin: Number(begin),
        end: Number(end),
        busy: busy.reduce((sum, each) => sum + secondsOf(each), 0),
      };
    });
  }
}

/** When a command began and ended, seconds since 1970, and what it took of processors, in user code and the system's, seconds. */
interface Time {
  readonly command: string;
  readonly begin: number;
  readonly end: number;
  readonly busy: number;
}

/** As bash's `times` has it, 1m2.345s. */
function secondsOf(text: string): number {
  const [, minutes, seconds] = /^(\d+)m([\d.]+)s$/.exec(text)!;
  return 60 * Number(minutes) + Number(seconds);
}
