import { gzipSync as zlibGzip } from "node:zlib";
import fc from "fast-check";
import { gzipSync } from "fflate";
import { expect, test } from "vitest";
import { needsShared, readShared } from "../testing/shared.ts";
import { gunzipFile } from "./gzip.ts";
import { memoryFile, npyBytes, range } from "./testing/files.ts";

const joined = (...parts: readonly Uint8Array[]) => new Uint8Array(Buffer.concat(parts));
const inflate = async (bytes: Uint8Array) => {
  const { file, garbage } = await gunzipFile(memoryFile("a.npy.gz", bytes));
  return { content: await file.read(), garbage };
};
const DAMAGED = "a.npy.gz is a damaged gzip file; copy it again.";

const content = joined(...Array.from({ length: 20 }, () => range(251)));

test("a member whose checksum or length is another's is refused", async () => {
  const whole = gzipSync(content);
  expect((await inflate(whole)).content).toEqual(content);
  for (const at of [-8, -5, -4, -1]) {
    const wrong = whole.slice();
    wrong[wrong.length + at]! ^= 0x40;
    await expect(inflate(wrong)).rejects.toThrow(DAMAGED);
    await expect(inflate(joined(gzipSync(range(9)), wrong))).rejects.toThrow(DAMAGED);
    await expect(inflate(joined(wrong, gzipSync(range(9))))).rejects.toThrow(DAMAGED);
  }
});

test("a changed byte never changes the content without a word", async () => {
  const whole = gzipSync(content, { level: 0 });
  for (let at = 10; at < whole.length; at += 97) {
    const changed = whole.slice();
    changed[at]! ^= 1;
    await expect(inflate(changed)).rejects.toThrow(DAMAGED);
  }
});

test("several members are one content, however long they are", async () => {
  const lengths = fc.array(fc.oneof(fc.nat(100), fc.nat(200_000)), { minLength: 1, maxLength: 4 });
  await fc.assert(
    fc.asyncProperty(lengths, fc.integer(), fc.nat(9), async (counts, seed, level) => {
      const pieces = counts.map((count, part) => Uint8Array.from({ length: count }, (_, i) => (i * i + seed) >> part));
      const file = joined(...pieces.map((piece) => new Uint8Array(zlibGzip(piece, { level }))));
      const { content, garbage } = await inflate(file);
      expect(Buffer.compare(content, joined(...pieces))).toBe(0);
      expect(garbage).toBe(0);
    }),
    { numRuns: 20 },
  );
});

test("thousands of small members are read", async () => {
  const one = gzipSync(Uint8Array.of(7));
  const { content } = await inflate(joined(...Array.from({ length: 5000 }, () => one)));
  expect(content).toEqual(new Uint8Array(5000).fill(7));
});

test("a file cut short anywhere is refused, but between two members", async () => {
  const first = gzipSync(range(9), { filename: "a.npy" });
  const both = joined(first, gzipSync(content, { filename: "a.npy" }));
  for (let length = 3; length < both.length; length++) {
    const after = length - first.length;
    if (after === 0 || after === 1) {
      expect(await inflate(both.slice(0, length))).toEqual({ content: range(9), garbage: after });
    } else await expect(inflate(both.slice(0, length)), `${length} bytes`).rejects.toThrow(DAMAGED);
  }
});

test("zeros after the end are padding, anything else is garbage and counted", async () => {
  const whole = gzipSync(content);
  const behind = async (...rest: readonly number[]) => inflate(joined(whole, Uint8Array.from(rest)));
  for (const zeros of [1, 3, 4, 512]) {
    expect(await behind(...new Array<number>(zeros).fill(0))).toEqual({ content, garbage: 0 });
  }
  for (const rest of [
    [10],
    [1, 2, 3],
    [0, 0, 0, 0, 1],
    [0x1f, 1, 2, 3, 4, 5],
    [..."garbage"].map((c) => c.charCodeAt(0)),
  ]) {
    expect(await behind(...rest)).toEqual({ content, garbage: rest.length });
  }
  await expect(behind(0x1f, 0x8b)).rejects.toThrow(DAMAGED);
  await expect(behind(0x1f, 0x8b, 9, 0, 0, 0)).rejects.toThrow(DAMAGED);
});

test("the hostile case is refused", needsShared, async () => {
  await expect(inflate(readShared("cases/hostile/wrong-crc.npy.gz"))).rejects.toThrow(DAMAGED);
});

test("an array in several members is read whole", async () => {
  const npy = npyBytes("|u1", [4, 3], range(12));
  expect((await inflate(joined(gzipSync(npy.slice(0, 20)), gzipSync(npy.slice(20))))).content).toEqual(npy);
});

test("what is more than may be held is refused as soon as it is, whatever its members say of themselves", async () => {
  const zeros = new Uint8Array(zlibGzip(new Uint8Array(5_000_000)));
  const file = (bytes: Uint8Array) => memoryFile("a.npy.gz", bytes);
  expect((await gunzipFile(file(zeros), 5_000_000)).file.size).toBe(5_000_000);
  let read = 0;
  const many = file(joined(...Array.from({ length: 2000 }, () => zeros)));
  const counted: typeof many = {
    ...many,
    read: async (start = 0, end = many.size) => {
      read += end - start;
      return many.read(start, end);
    },
  };
  await expect(gunzipFile(counted, 2 ** 22)).rejects.toThrow(
    "a.npy.gz is more than 4 MiB when it is unpacked; unpack it and give what it holds.",
  );
  expect(read).toBeLessThan(many.size);
});
