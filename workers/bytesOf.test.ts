import { expect, test } from "vitest";
import { FileChanged, InputError } from "../src/engine/model/job.ts";
import { bytesOf } from "./bytesOf.ts";

const content = Uint8Array.from({ length: 100 }, (_, i) => i);

test("a file is the same in one piece or several", async () => {
  for (const piece of [1000, 100, 99, 50, 33, 1]) {
    expect(await bytesOf(new Blob([content]), "w.bin", piece)).toEqual(content);
  }
});

test("a file that can no longer be read, or is too long, is refused for that reason", async () => {
  const gone = new Blob([content]);
  gone.arrayBuffer = () => Promise.reject(new DOMException("", "NotReadableError"));
  await expect(bytesOf(gone, "w.bin")).rejects.toThrow(
    new FileChanged("w.bin can no longer be read, since it was changed or removed; choose it again."),
  );
  const long = new Blob([content]);
  Object.defineProperty(long, "size", { value: 2 ** 60 });
  await expect(bytesOf(long, "w.bin")).rejects.toThrow(
    new InputError(`w.bin is too long to be held in memory (${2 ** 60} bytes); use a smaller file.`),
  );
});
