import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, truncateSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { openDataset } from "../src/engine/data/dataset.ts";
import { npyBytes } from "../src/engine/data/testing/files.ts";
import { FileChanged } from "../src/engine/model/job.ts";
import { nodeDecoders as decoders } from "./decoders.ts";
import { dataFiles, storedFile, weightsBelow } from "./files.ts";
import { colourModel, modelBytes, put, scratch } from "./testing/colours.ts";
import { errorOf, octet } from "./testing/command.ts";

const folder = scratch();
/** A file of Linux that is shorter than it says. */
const SHORT = "/sys/devices/system/cpu/online";
const DAY = new Date("2026-01-01");
afterAll(() => rmSync(folder, { recursive: true }));

it("a file that is written anew, cut short or removed after it was found ends the job", async () => {
  const path = put(
    folder,
    "a.npy",
    npyBytes(
      "<f4",
      [3, 4],
      Float32Array.from({ length: 12 }, (_, i) => i),
    ),
  );
  utimesSync(path, DAY, DAY);
  const input = { name: "x", type: "float32", dims: [1, 4] } as const;
  const dataset = await openDataset(await dataFiles(path), {
    inputs: { open: [input], held: [] },
    preprocess: null,
    decoders,
  });
  expect((await dataset.get(2)).feeds.get("x")?.data).toEqual(Float32Array.of(8, 9, 10, 11));
  writeFileSync(path, readFileSync(path));
  const changed = new FileChanged(
    `${path} was changed while it was read; wait until it is written, and run the command again.`,
  );
  await expect(dataset.get(2)).rejects.toThrow(changed);
  utimesSync(path, DAY, DAY);
  expect((await dataset.get(1)).feeds.get("x")?.data).toEqual(Float32Array.of(4, 5, 6, 7));
  truncateSync(path, 128 + 40);
  await expect(dataset.get(1)).rejects.toThrow(changed);
  rmSync(path);
  await expect(dataset.get(1)).rejects.toThrow(changed);
});

it("weights that are read in parts are refused once their file is written anew", () => {
  const path = put(folder, "parts.bin", new Uint8Array(8));
  const stored = storedFile(path, 8);
  stored.readInto(new Uint8Array(4), 0);
  utimesSync(path, new Date(), new Date(0));
  expect(() => stored.readInto(new Uint8Array(4), 4)).toThrow(FileChanged);
});

it.skipIf(!existsSync(SHORT))("says as it is that a file holds less than its length", async () => {
  const outcome = await octet("quantize", put(folder, "colours.onnx", modelBytes(colourModel())), "--data", SHORT);
  expect(outcome.code).toBe(2);
  expect(errorOf(outcome)).toBe("online was cut short while it was read; wait until it is written, and start again.");
});

it("a file beside a model is null only where there is none", async () => {
  put(folder, "weights.bin", Uint8Array.of(1, 2));
  mkdirSync(join(folder, "weights"));
  expect(await weightsBelow(folder, "weights.bin")).toEqual(Buffer.of(1, 2));
  expect(await weightsBelow(folder, "other.bin")).toBeNull();
  await expect(weightsBelow(folder, "weights")).rejects.toThrow("is a folder; name a file in it.");
  execFileSync("mkfifo", [join(folder, "pipe.bin")]);
  await expect(weightsBelow(folder, "pipe.bin")).rejects.toThrow("pipe.bin is no file but a pipe or a device");
});
