import { zipSync } from "fflate";
import { expect, it, test } from "vitest";
import { writeReport } from "../artifacts/report.ts";
import { REPORT } from "../artifacts/testing/report.ts";
import { memoryFile } from "../data/testing/files.ts";
import { type Fault, type Verification, verificationSentence } from "../model/verification.ts";
import { concat } from "../onnx/encode.ts";
import { zipArtifacts } from "./archive.ts";
import { artifactDigest } from "./artifactDigest.ts";
import { resultIn } from "./resultArchive.ts";
import { context } from "./testing/quantized.ts";
import { verifyFiles } from "./verifyFiles.ts";

const model = { name: "net.int8.onnx", chunks: [Uint8Array.of(1, 2, 3)] };
const entry = { name: model.name, bytes: 3, sha256: artifactDigest(model) };
const report = {
  name: "net.report.json",
  chunks: [new TextEncoder().encode(writeReport({ ...REPORT, files: [entry] }))],
};
const DATE = "2026-11-29T00:00:00.000Z";

it("opens the files of a zip that was exported, under its name, and they are as their report has them", async () => {
  const files = await resultIn(memoryFile("net.octet.zip", concat(zipArtifacts([model, report], DATE))));
  expect(files!.map(({ path }) => path)).toEqual(["net.octet.zip/net.int8.onnx", "net.octet.zip/net.report.json"]);
  expect((await verifyFiles(files!, null, context)).faults).toEqual([]);
  const other = { ...model, chunks: [Uint8Array.of(1, 2, 4)] };
  const changed = await resultIn(memoryFile("net.octet.zip", concat(zipArtifacts([other, report], DATE))));
  const { faults } = await verifyFiles(changed!, null, context);
  expect(faults).toMatchObject([{ kind: "changed", file: "net.octet.zip/net.int8.onnx" }]);
});

it("leaves other zips alone, and refuses one whose bytes were changed", async () => {
  expect(await resultIn(memoryFile("photos.zip", zipSync({ "1.png": Uint8Array.of(1) })))).toBeNull();
  const zip = concat(zipArtifacts([model, report], DATE)).slice();
  zip[30 + model.name.length]! ^= 1;
  await expect(resultIn(memoryFile("net.zip", zip))).rejects.toThrow("net.zip/net.int8.onnx is damaged");
});

it("is not unpacked where it would be more than may be held, however small the zip is", async () => {
  const files = { "net.report.json": new Uint8Array(10), "a.bin": new Uint8Array(3000), "b.bin": new Uint8Array(3000) };
  const zip = memoryFile("net.zip", zipSync(files));
  expect(zip.size).toBeLessThan(1000);
  expect((await resultIn(zip, 6010))!.length).toBe(3);
  await expect(resultIn(zip, 6009)).rejects.toThrow(/^net\.zip is more than /);
});

it("with two files of one name is not as it was written, whichever of them the report means", async () => {
  const other = { ...model, chunks: [Uint8Array.of(1, 2, 4)] };
  for (const twice of [
    [model, other, report],
    [other, model, report],
  ]) {
    const zip = memoryFile("net.zip", concat(zipArtifacts(twice, DATE)));
    const { faults } = await verifyFiles((await resultIn(zip))!, null, context);
    expect(faults).toContainEqual(expect.objectContaining({ file: "net.zip/net.int8.onnx", kind: "changed" }));
    expect(faults.map(({ message }) => message).join()).toContain("There are 2 files net.zip/net.int8.onnx");
  }
});

const fault = (file: string): Fault => ({ kind: "changed", file, message: `${file} is another.` });
const found = (changes: Partial<Verification["reports"][number]>, faults: readonly Fault[] = []): Verification => ({
  reports: [{ file: "net.report.json", named: 2, same: 2, signed: null, ...changes }],
  faults,
});

test.each<[Verification, string]>([
  [found({}), "net.report.json has 2 of 2 files as it names them, and is not signed."],
  [
    found({ same: 1, signed: { key: "ab", isGiven: true } }),
    "net.report.json has 1 of 2 files as it names them, and is signed by the key given, ab.",
  ],
  [found({}, [fault("a.onnx")]), "a.onnx is another."],
  [found({}, [fault("a.onnx"), fault("b.json")]), "2 faults in a.onnx, b.json: a.onnx is another."],
])("says in a sentence what came of it", (verification, sentence) => {
  expect(verificationSentence(verification)).toBe(sentence);
});
