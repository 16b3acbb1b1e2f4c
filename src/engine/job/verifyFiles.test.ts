import { createHash } from "node:crypto";
import { expect, it, test } from "vitest";
import { writeReport } from "../artifacts/report.ts";
import { REPORT } from "../artifacts/testing/report.ts";
import { memoryFile } from "../data/testing/files.ts";
import type { Report } from "../model/report.ts";
import { signatures } from "./signedReports.ts";
import { makeKeys, readPrivateKey, type SigningKey } from "./signing.ts";
import { context } from "./testing/quantized.ts";
import { verifyFiles } from "./verifyFiles.ts";

type Files = Record<string, Uint8Array>;

const bytesOf = (text: string) => new TextEncoder().encode(text);
const keyPair = async () => readPrivateKey((await makeKeys()).privatePem, "key");
const entry = (name: string, bytes: Uint8Array): Report["files"][number] => {
  return { name, bytes: bytes.length, sha256: createHash("sha256").update(bytes).digest("hex") };
};

/** A model with its weights beside it, a calibration and a recipe, with the report that names them, signed where there is a key. */
async function result(key: SigningKey | null, name = "net"): Promise<Files> {
  const files: Files = {
    [`${name}.int8.onnx`]: Uint8Array.from({ length: 3000 }, (_, i) => i % 256),
    [`${name}.int8.onnx_data`]: Uint8Array.from({ length: 9_000_000 }, (_, i) => i % 251),
    [`${name}.calibration.json`]: bytesOf("{}"),
    [`${name}.recipe.json`]: new Uint8Array(),
  };
  const named = Object.entries(files).map(([path, bytes]) => entry(path, bytes));
  const report = bytesOf(writeReport({ ...REPORT, files: named }));
  const signed = key ? await signatures([{ name: `${name}.report.json`, chunks: [report] }], key) : [];
  const beside = signed.map((file) => [file.name, file.chunks[0]!] as const);
  return { ...files, [`${name}.report.json`]: report, ...Object.fromEntries(beside) };
}

const check = (files: Files, key: SigningKey | null = null) =>
  verifyFiles(
    Object.entries(files).map(([path, bytes]) => memoryFile(path, bytes)),
    key?.publicKey ?? null,
    context,
  );

function flipped(bytes: Uint8Array, at: number): Uint8Array {
  const copy = bytes.slice();
  copy[at]! ^= 1;
  return copy;
}

it("finds files as they were written, in folders of their own too, and says who signed", async () => {
  const key = await keyPair();
  const files = await result(key);
  expect(await check(files, key)).toEqual({
    reports: [
      { file: "net.report.json", named: 4, same: 4, signed: { key: expect.stringMatching(/^\w{16}$/), isGiven: true } },
    ],
    faults: [],
  });
  expect((await check(files)).reports[0]!.signed).toMatchObject({ isGiven: false });
  const other = await result(null, "b");
  const placed = [...Object.entries(files), ...Object.entries(other)].map(
    ([name, bytes]) => [`out/${name.startsWith("b.") ? "b" : "a"}/${name}`, bytes] as const,
  );
  const both = await check(Object.fromEntries(placed));
  expect(both.faults).toEqual([]);
  expect(both.reports.map(({ file, signed }) => [file, signed === null])).toEqual([
    ["out/a/net.report.json", false],
    ["out/b/b.report.json", true],
  ]);
});

test.each<[string, (files: Files) => unknown, readonly [string, string, RegExp][]]>([
  [
    "a model with one bit changed",
    (f) => (f["net.int8.onnx"] = flipped(f["net.int8.onnx"]!, 1234)),
    [
      [
        "changed",
        "net.int8.onnx",
        /is not the file that net\.report\.json names: its SHA-256 is another; copy it again/,
      ],
    ],
  ],
  [
    "weights with their last bit changed",
    (f) => (f["net.int8.onnx_data"] = flipped(f["net.int8.onnx_data"]!, 8_999_999)),
    [["changed", "net.int8.onnx_data", /its SHA-256 is another/]],
  ],
  [
    "a file that is longer",
    (f) => (f["net.recipe.json"] = bytesOf("\n")),
    [["changed", "net.recipe.json", /it has 1 B \(1 bytes\) in place of 0 B \(0 bytes\)/]],
  ],
  [
    "a file that is missing",
    (f) => delete f["net.calibration.json"],
    [["missing", "net.calibration.json", /is missing, which net\.report\.json names; copy it/]],
  ],
  [
    "a file that nobody names, and a signature of none",
    (f) => Object.assign(f, { "notes.txt": bytesOf("a"), "old.report.json.sig": bytesOf("a") }),
    [
      ["unnamed", "notes.txt", /^No report names notes\.txt, so nothing says what it should be; remove it\.$/],
      ["unnamed", "old.report.json.sig", /^No report names old/],
    ],
  ],
  [
    "a report whose figures were changed",
    (f) => (f["net.report.json"] = bytesOf(new TextDecoder().decode(f["net.report.json"]).replace("0.97", "0.99"))),
    [["signature", "net.report.json.sig", /is no signature of net\.report\.json as it is now/]],
  ],
  [
    "a report with a space more",
    (f) => (f["net.report.json"] = bytesOf(`${new TextDecoder().decode(f["net.report.json"])} `)),
    [["signature", "net.report.json.sig", /is no signature of/]],
  ],
  [
    "a report that is none of Octet's",
    (f) => (f["net.report.json"] = bytesOf("{}")),
    [
      ["signature", "net.report.json.sig", /is no signature of/],
      ["report", "net.report.json", /neither an Octet recipe nor a calibration or report/],
    ],
  ],
  [
    "no signature",
    (f) => delete f["net.report.json.sig"],
    [["unsigned", "net.report.json", /has no signature beside it \(net\.report\.json\.sig\)/]],
  ],
  [
    "a signature that is none",
    (f) => (f["net.report.json.sig"] = bytesOf("-----BEGIN PGP SIGNATURE-----")),
    [["signature", "net.report.json.sig", /net\.report\.json\.sig is not complete JSON/]],
  ],
  [
    "no report",
    (f) => {
      delete f["net.report.json"];
      delete f["net.report.json.sig"];
    },
    [["report", "", /^There is no report among these files/]],
  ],
])("tells %s", async (_, damage, wanted) => {
  const key = await keyPair();
  const files = await result(key);
  damage(files);
  const { faults } = await check(files, key);
  expect(faults.map(({ kind, file }) => [kind, file])).toEqual(wanted.map(([kind, file]) => [kind, file]));
  for (const [i, [, , message]] of wanted.entries()) expect(faults[i]!.message).toMatch(message);
});

it("tells every byte of a signature that is another, and every byte of a report", async () => {
  const key = await keyPair();
  const files = await result(key);
  for (const name of ["net.report.json.sig", "net.report.json"]) {
    const bytes = files[name]!;
    const step = Math.ceil(bytes.length / 200);
    for (let at = 0; at < bytes.length; at += step) {
      const small = { [name]: flipped(bytes, at), "net.report.json.sig": files["net.report.json.sig"]! };
      const { faults } = await check(
        { "net.report.json": files["net.report.json"]!, ...small, [name]: flipped(bytes, at) },
        key,
      );
      const told = faults.filter(({ kind }) => ["signature", "other-key", "report"].includes(kind));
      expect([name, at, told.length > 0]).toEqual([name, at, true]);
    }
  }
});

it("names a signature by another key than the one given, whether or not it holds", async () => {
  const [key, other] = [await keyPair(), await keyPair()];
  const { faults } = await check(await result(other), key);
  expect(faults.map(({ kind }) => kind)).toEqual(["other-key"]);
  expect(faults[0]!.message).toMatch(/a signature by another key \(\w{16}\) than the one given \(\w{16}\)/);
});

it("checks no file by a report that has no digest of it, and says so", async () => {
  const old = bytesOf(writeReport({ ...REPORT, files: [{ name: "a.onnx", bytes: 1 }] }));
  const { faults } = await check({ "a.report.json": old, "a.onnx": Uint8Array.of(1) });
  expect(faults).toMatchObject([{ kind: "undigested", file: "a.onnx" }]);
});
