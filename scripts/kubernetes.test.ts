import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Job } from "kubernetes-types/batch/v1.d.ts";
import { afterAll, beforeAll, expect, it } from "vitest";
import { parseAllDocuments } from "yaml";
import { colourModel, modelBytes, put, putColours } from "../cli/testing/colours.ts";

const at = (path: string) => fileURLToPath(new URL(`../${path}`, import.meta.url));
const text = readFileSync(at("docs/examples/kubernetes.yaml"), "utf8");
const [shards, merge] = parseAllDocuments(text).map((document) => document.toJS({ maxAliasCount: 0 })) as [Job, Job];

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "octet-kubernetes-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** What the compiler has against objects as Jobs of Kubernetes 1.30: a field that there is not, one that lacks, or one of another type. */
function faultsOf(...jobs: readonly unknown[]): readonly string[] {
  const place = mkdtempSync(join(folder, "types-"));
  symlinkSync(at("node_modules"), join(place, "node_modules"));
  const file = join(place, "jobs.ts");
  const lines = jobs.map((job, i) => `export const job${i}: Job = ${JSON.stringify(job)};\n`);
  writeFileSync(file, `${lines.join("")}import type { Job } from "kubernetes-types/batch/v1.d.ts";\n`);
  const flags = ["--noEmit", "--strict", "--ignoreConfig", "--module", "preserve", "--target", "esnext", "--types", ""];
  const tsc = at("node_modules/typescript/bin/tsc");
  const { stdout } = spawnSync(process.execPath, [tsc, ...flags, file], { encoding: "utf8" });
  return jobs.map((_, i) => stdout.match(new RegExp(`jobs\\.ts\\(${i + 1},.*`, "g"))?.join("\n") ?? "");
}

/** The steps of a Job's only container, and the folder that they run in. */
function stepsOf({ spec }: Job) {
  const { template } = spec!;
  const { containers, volumes, restartPolicy } = template.spec!;
  const [{ command, args, volumeMounts, workingDir }] = containers as [(typeof containers)[number]];
  return { words: [...command!, ...args!], volumeMounts, workingDir, volumes, restartPolicy };
}

it("is two Jobs, as Kubernetes has them", () => {
  for (const job of [shards, merge]) {
    expect(job).toMatchObject({ apiVersion: "batch/v1", kind: "Job" });
    const { volumeMounts, workingDir, volumes, restartPolicy } = stepsOf(job);
    expect(restartPolicy).toBe("Never");
    expect(volumeMounts).toEqual([{ name: volumes![0]!.name, mountPath: workingDir }]);
  }
  expect(stepsOf(shards).volumes).toEqual(stepsOf(merge).volumes);
  expect(shards.spec!.completionMode).toBe("Indexed");
  expect([...text.matchAll(/-l (step)=(\w+)/g)].map(([, label, value]) => ({ [label!]: value }))).toEqual(
    [shards, merge].map(({ metadata }) => metadata!.labels),
  );
  expect(text).toContain(`job/${shards.metadata!.name}\n`);
});

it("has the fields of Kubernetes' Jobs, where one that there is not, a name that lacks, or a word for a number is not let through", () => {
  const changes = [
    ["completionMode", "completionsMode", "completionsMode"],
    ["- name: shard\n", "- tty: false\n", "'name' is missing"],
    ["completions: 4", "completions: four", "number"],
  ] as const;
  const damaged = changes.map(([from, to]) => {
    expect(text).toContain(from);
    return parseAllDocuments(text.replace(from, to))[0]!.toJS();
  });
  const [ofShards, ofMerge, ...faults] = faultsOf(shards, merge, ...damaged);
  expect([ofShards, ofMerge]).toEqual(["", ""]);
  for (const [i, [, , said]] of changes.entries()) expect(faults[i]).toContain(said);
}, 60_000);

it("makes in its containers' steps, run here, byte for byte what one machine makes", async () => {
  const work = join(folder, "work");
  const bin = join(folder, "bin");
  for (const place of [work, bin]) mkdirSync(place);
  symlinkSync(at("cli/octet.mjs"), join(bin, "octet"));
  put(work, "model.onnx", modelBytes(colourModel({ side: 224 })));
  await putColours(work, "photos", 2 * shards.spec!.completions! + 1);
  const run = ([program, ...rest]: readonly string[], settings: Readonly<Record<string, string>>) =>
    execFileSync(program!, rest, {
      cwd: work,
      env: { ...process.env, PATH: `${bin}:${process.env.PATH}`, ...settings },
      stdio: ["ignore", "ignore", "pipe"],
    });
  const steps = stepsOf(shards).words;
  for (let index = 0; index < shards.spec!.completions!; index++) run(steps, { JOB_COMPLETION_INDEX: String(index) });
  run(stepsOf(merge).words, {});
  const alone = steps.at(-1)!.replace(/--shard \S+ .*/s, "--out alone");
  expect(alone).not.toBe(steps.at(-1));
  run([...steps.slice(0, -1), alone], {});
  const [merged, whole] = ["calibrated", "alone"].map((name) =>
    readFileSync(join(work, name, "model.calibration.json")),
  );
  expect(merged!.equals(whole!)).toBe(true);
}, 240_000);
