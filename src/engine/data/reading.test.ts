import { gzipSync } from "node:zlib";
import { expect, it } from "vitest";
import type { DataFile } from "../model/dataset.ts";
import type { Progress } from "../model/job.ts";
import { gunzipFile } from "./gzip.ts";
import { Reading } from "./reading.ts";
import { memoryFile, zipBytes } from "./testing/files.ts";
import { zipMembers } from "./zip.ts";

const NOISE = new Uint8Array(3_000_000);
for (let i = 0, state = 1; i < NOISE.length; i++) {
  state ^= state << 13;
  state ^= state >>> 17;
  state ^= state << 5;
  NOISE[i] = state >>> 24;
}

function watched(given: readonly DataFile[], stopAfter = Infinity) {
  const told: Progress[] = [];
  const stopped = new AbortController();
  const report = (progress: Progress) => {
    told.push(progress);
    if (told.length === stopAfter) stopped.abort();
  };
  const reading = new Reading(given.length, { signal: stopped.signal, report });
  return { told, reading, files: given.map((file) => reading.watch(file)) };
}

const READERS: Readonly<Record<string, readonly [DataFile, (file: DataFile) => Promise<DataFile>]>> = {
  "stored in an archive": [memoryFile("x.npz", zipBytes({ "a.npy": NOISE }, 0)), openFirst],
  "deflated in an archive": [memoryFile("x.npz", zipBytes({ "a.npy": NOISE }, 6)), openFirst],
  "in gzip": [memoryFile("x.gz", gzipSync(NOISE)), async (file) => (await gunzipFile(file)).file],
};

async function openFirst(file: DataFile): Promise<DataFile> {
  return (await zipMembers(file))[0]!.open();
}

for (const [where, [file, open]] of Object.entries(READERS)) {
  it(`tells how many MB of an array ${where} were read, and gives it as it is`, async () => {
    const { told, files } = watched([file]);
    expect(Buffer.compare(await (await open(files[0]!)).read(), NOISE)).toBe(0);
    const done = told.map((progress) => progress.done);
    expect(done.length).toBeGreaterThan(1);
    expect(done).toEqual(done.toSorted((a, b) => a - b));
    expect(told.at(-1)).toMatchObject({ task: "Reading data", total: file.size / 1e6, unit: "MB" });
    expect(done.at(-1)! / (file.size / 1e6)).toBeGreaterThan(0.99);
  });

  it(`stops in the middle of an array ${where}`, async () => {
    const { told, files } = watched([file], 1);
    await expect(open(files[0]!)).rejects.toThrow(expect.objectContaining({ name: "AbortError" }));
    expect(told).toHaveLength(1);
  });
}

it("tells how many of several files were looked into, and nothing once all are open", async () => {
  const { told, files, reading } = watched(["a.png", "b.png"].map((name) => memoryFile(name, Uint8Array.of(1, 2, 3))));
  for (const file of files) await file.read(0, 2);
  await files[0]!.read(0, 2);
  expect(told.map(({ done, total, unit }) => [done, total, unit])).toEqual([
    [1, 2, "files"],
    [2, 2, "files"],
    [2, 2, "files"],
  ]);
  reading.end();
  expect(await files[0]!.read()).toEqual(Uint8Array.of(1, 2, 3));
  expect(told).toHaveLength(3);
});
