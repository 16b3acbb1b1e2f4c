import { expect, test } from "vitest";
import { fingerprint, samplesFingerprint } from "./fingerprint.ts";

const file = (path: string, text: string) => ({ path, file: new File([text], path) });

test("the order of files does not matter, their names and content do", async () => {
  const set = [file("a.png", "one"), file("b.png", "two")];
  expect(await fingerprint([...set].reverse())).toBe(await fingerprint(set));
  expect(await fingerprint([file("a.png", "one"), file("b.png", "owt")])).not.toBe(await fingerprint(set));
  expect(await fingerprint([file("a.png", "one"), file("c.png", "two")])).not.toBe(await fingerprint(set));
});

test("which input a file is for matters, and nothing where it is not said", async () => {
  const plain = file("a.npy", "one");
  expect(await fingerprint([{ ...plain, input: "a" }])).not.toBe(await fingerprint([plain]));
  expect(await fingerprint([{ ...plain, input: "a" }])).not.toBe(await fingerprint([{ ...plain, input: "b" }]));
});

test("labels that come, go or change leave the samples what they are", async () => {
  const set = [file("a.png", "one"), file("b.png", "two")];
  const samples = await samplesFingerprint(set);
  expect(samples).toBe(await fingerprint(set));
  for (const labels of [file("labels.csv", "a.png,1"), file("t10k-labels-idx1-ubyte.gz", "1")]) {
    expect(await samplesFingerprint([...set, labels])).toBe(samples);
    expect(await fingerprint([...set, labels])).not.toBe(samples);
    expect(await samplesFingerprint([file("a.png", "one"), labels])).not.toBe(samples);
  }
  expect(await samplesFingerprint([file("a.csv", "1")])).not.toBe(await samplesFingerprint([file("b.csv", "1")]));
});

test("a file that was changed since it was chosen is named", async () => {
  const gone = new File(["a"], "b.png");
  gone.slice = () =>
    ({ arrayBuffer: () => Promise.reject(new DOMException("", "NotReadableError")) }) as unknown as Blob;
  const files = [{ path: "data/b.png", file: gone }];
  await expect(fingerprint(files)).rejects.toThrow("data/b.png can no longer be read, since it was changed or removed");
});
