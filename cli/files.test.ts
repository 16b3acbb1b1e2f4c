import { existsSync, mkdirSync, rmSync, truncateSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { openDataset } from "../src/engine/data/dataset.ts";
import { npyBytes } from "../src/engine/data/testing/files.ts";
import { FileChanged, InputError } from "../src/engine/model/job.ts";
import { nodeDecoders as decoders } from "./decoders.ts";
import { dataFiles, weightsBelow } from "./files.ts";
import { colourModel, modelBytes, put, scratch } from "./testing/colours.ts";
import { errorOf, octet } from "./testing/command.ts";

const folder = scratch();
/** A file of Linux that is shorter than it says. */
const SHORT = "/sys/devices/system/cpu/online";
afterAll(() => rmSync(folder, { recursive: true }));

it("a file that is cut short, or removed, after it was opened gives no sample", async () => {
  const path = put(
    folder,
    "a.npy",
    npyBytes(
      "<f4",
      [3, 4],
      Float32Array.from({ length: 12 }, (_, i) => i),
    ),
  );
  const input = { name: "x", type: "float32", dims: [1, 4] } as const;
  const dataset = await openDataset(await dataFiles(path), {
    inputs: { open: [input], held: [] },
    preprocess: null,
    decoders,
  });
  expect((await dataset.get(2)).feeds.get("x")?.data).toEqual(Float32Array.of(8, 9, 10, 11));
  truncateSync(path, 128 + 40);
  expect((await dataset.get(1)).feeds.get("x")?.data).toEqual(Float32Array.of(4, 5, 6, 7));
  await expect(dataset.get(2)).rejects.toThrow(
    new FileChanged("a.npy was cut short while it was read; wait until it is written, and start again."),
  );
  rmSync(path);
  await expect(dataset.get(1)).rejects.toThrow(new InputError(`There is no file ${path}.`));
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
});
