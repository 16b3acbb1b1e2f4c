import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { WorkedBytes } from "../src/engine/model/deferred.ts";
import type { JobContext } from "../src/engine/model/job.ts";
import { fileOf } from "../src/engine/project/index.ts";
import { OriginStaging } from "./originStaging.ts";

const MEBIBYTE = 2 ** 20;

/** A file system of one folder, with so much room. */
function fileSystem(quota: number, room = quota) {
  const files = new Map<string, Uint8Array>();
  const open = new Set<string>();
  const handleOf = (name: string) => ({
    async createSyncAccessHandle() {
      open.add(name);
      const access = {
        truncate: (bytes: number) => files.set(name, new Uint8Array(bytes)),
        write(bytes: Uint8Array, { at }: { readonly at: number }) {
          if (at + bytes.length > room) throw new DOMException("", "QuotaExceededError");
          const before = files.get(name)!;
          const after = new Uint8Array(Math.max(before.length, at + bytes.length));
          after.set(before);
          after.set(bytes, at);
          files.set(name, after);
          return bytes.length;
        },
        read(bytes: Uint8Array, { at }: { readonly at: number }) {
          bytes.set(files.get(name)!.subarray(at, at + bytes.length));
          return bytes.length;
        },
        flush: () => undefined,
        close: () => void open.delete(name),
      };
      return access;
    },
    getFile: async () => new Blob([files.get(name) as Uint8Array<ArrayBuffer>]),
  });
  const folder = { getDirectoryHandle: async () => folder, getFileHandle: async (name: string) => handleOf(name) };
  const storage = { getDirectory: async () => folder, estimate: async () => ({ quota, usage: 0 }) };
  vi.stubGlobal("navigator", { storage });
  return { files, open };
}

beforeEach(() => {
  vi.stubGlobal("self", { name: "octet-engine-test" });
});
afterEach(() => {
  vi.unstubAllGlobals();
});

const context: JobContext = { signal: new AbortController().signal, report: () => undefined };

function madeFile() {
  let works = 0;
  const worked = new WorkedBytes(MEBIBYTE, () => {
    works++;
    return new Uint8Array(MEBIBYTE).fill(7);
  });
  const file = fileOf("net.int4.onnx", [Uint8Array.of(1, 2, 3), worked, Uint8Array.of(4)]);
  return { file, worked, works: () => works };
}

test("a file is written part after part, read back from there, and given as it is there", async () => {
  const { files, open } = fileSystem(10 * MEBIBYTE);
  const { file, worked, works } = madeFile();
  const staging = new OriginStaging();
  await staging.keep(file, context);
  expect([...worked.read().subarray(0, 2)]).toEqual([7, 7]);
  expect(works()).toBe(1);
  const text = fileOf("net.recipe.json", [Uint8Array.of(123, 125)]);
  const written = await staging.files([file, text], context);
  expect(written.map(({ name, size }) => [name, size])).toEqual([
    ["net.int4.onnx", MEBIBYTE + 4],
    ["net.recipe.json", 2],
  ]);
  expect(written[0]!.file.size).toBe(MEBIBYTE + 4);
  expect([...files.keys()]).toEqual(["net.int4.onnx"]);
  expect(open.size).toBe(0);
});

test.each([
  ["the browser says so before", MEBIBYTE, MEBIBYTE, "the browser has 1.05 MB left for this page"],
  ["the disk is full on the way", 10 * MEBIBYTE, MEBIBYTE, "the disk is full, or the browser gives this page no more"],
])("where there is no room, one sentence says so: %s", async (_, quota, room, why) => {
  fileSystem(quota, room);
  const keeping = new OriginStaging().keep(madeFile().file, context);
  await expect(keeping).rejects.toThrow(`net.int4.onnx takes 1.05 MB and there is no room to write it: ${why}`);
});

test.each([
  ["no storage", undefined],
  ["no files of a page's own", { estimate: async () => ({}) }],
])("a browser with %s says so, and where the model can be quantized", async (_, storage) => {
  vi.stubGlobal("navigator", { storage });
  const keeping = new OriginStaging().keep(madeFile().file, context);
  await expect(keeping).rejects.toThrow(
    "net.int4.onnx is too large for memory, and this browser has no files of a page's own to write it to: quantize the model with octet in a terminal",
  );
});

test("a job that is cancelled writes no more, and lets go of what it has written", async () => {
  const { open, files } = fileSystem(10 * MEBIBYTE);
  const cancelled = new AbortController();
  const staging = new OriginStaging();
  const keeping = staging.keep(
    madeFile().file,
    { ...context, signal: cancelled.signal },
    {
      passed: () => undefined,
      written: () => cancelled.abort(),
    },
  );
  await expect(keeping).rejects.toThrow(expect.objectContaining({ name: "AbortError" }));
  staging.close();
  expect(open.size).toBe(0);
  expect(files.get("net.int4.onnx")!.length).toBe(3);
});
