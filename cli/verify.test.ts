import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it, test } from "vitest";
import { colourModel, modelBytes, put, putColours, scratch } from "./testing/colours.ts";
import { errorOf, octet } from "./testing/command.ts";

let folder: string;
let model: string;
let data: string;
const at = (...names: string[]) => join(folder, ...names);
const PRIVATE = "octet-private.pem";
const PUBLIC = "octet-public.pem";

beforeAll(async () => {
  folder = scratch();
  model = put(folder, "colours.onnx", modelBytes(colourModel()));
  data = await putColours(folder, "photos", 9);
  await octet("keygen", "--out", at("keys"));
  await quantize("signed", "--sign", at("keys", PRIVATE));
}, 120_000);
afterAll(() => rmSync(folder, { recursive: true }));

async function quantize(out: string, ...options: string[]) {
  const outcome = await octet("quantize", model, "--data", data, "--preprocess", "unit", "--out", at(out), ...options);
  expect([outcome.code, outcome.stderr]).toEqual([0, expect.not.stringContaining("octet: ")]);
  return outcome;
}

/** A copy of the signed result in which something is otherwise. */
function copyOf(name: string): string {
  const copy = at("copies", name, "signed");
  cpSync(at("signed"), copy, { recursive: true });
  return copy;
}

function flip(path: string): void {
  const bytes = readFileSync(path);
  bytes[bytes.length >> 1]! ^= 4;
  writeFileSync(path, bytes);
}

it("makes a pair of keys, the private one for its owner alone, and writes over none", async () => {
  const made = await octet("keygen", "--out", at("pair"), "--json");
  const key = at("pair", PRIVATE);
  expect(made.json()).toEqual({
    privateKey: key,
    publicKey: at("pair", PUBLIC),
    name: expect.stringMatching(/^[0-9a-f]{16}$/),
  });
  if (process.platform !== "win32") expect(statSync(key).mode & 0o777).toBe(0o600);
  const before = readFileSync(key, "utf8");
  const again = await octet("keygen", "--out", at("pair"));
  expect([again.code, errorOf(again)]).toEqual([2, expect.stringContaining(`${key} is there already`)]);
  expect(readFileSync(key, "utf8")).toBe(before);
  rmSync(key);
  const half = await octet("keygen", "--out", at("pair"));
  expect([half.code, errorOf(half)]).toEqual([2, expect.stringContaining(`${at("pair", PUBLIC)} is there already`)]);
  expect(readdirSync(at("pair"))).toEqual([PUBLIC]);
  const named = await octet("keygen", "mine");
  expect(errorOf(named)).toBe("This command takes no names; 1 names were given. See octet help keygen.");
});

it("finds a result as it was written, and says by whom", async () => {
  const by = await octet("verify", at("signed"), "--key", at("keys", PUBLIC), "--json");
  const [report] = by.json().reports;
  expect(by.code).toBe(0);
  expect(by.json()).toMatchObject({ folder: at("signed"), passed: true, key: report.signed.key, faults: [] });
  expect(report).toMatchObject({ file: "signed/colours.report.json", signed: { isGiven: true } });
  expect(report.same).toBe(report.named);
  expect(report.named).toBe(readdirSync(at("signed")).length - 2);
  const alone = await octet("verify", at("signed"));
  expect(alone.code).toBe(0);
  expect(alone.stdout).toMatch(/6 of 6 files as it names them; signed by the key \w{16}; --key says whether that is/);
  expect(alone.stdout).toMatch(/signed is as it was written\.\n$/);
});

it("writes no signature that is not asked for, which a key then lacks, and warns of one that an earlier run left", async () => {
  cpSync(at("signed"), at("plain"), { recursive: true });
  const { stderr, stdout } = await quantize("plain", "--json");
  const old = at("plain", "colours.report.json.sig");
  expect(stderr).toContain(`warning: ${old} is the signature of an earlier report and not of this one; sign with`);
  expect(JSON.parse(stdout).files.map(({ name }: { name: string }) => name)).not.toContain("colours.report.json.sig");
  const stale = await octet("verify", at("plain"));
  expect([stale.code, stale.stdout]).toEqual([
    1,
    expect.stringContaining("is no signature of plain/colours.report.json"),
  ]);
  rmSync(old);
  const unsigned = await octet("verify", at("plain"));
  expect([unsigned.code, unsigned.stdout]).toEqual([
    0,
    expect.stringContaining("no signature vouches for the report itself"),
  ]);
  const lacking = await octet("verify", at("plain"), "--key", at("keys", PUBLIC));
  expect([lacking.code, lacking.stdout]).toEqual([1, expect.stringContaining("has no signature beside it")]);
  expect(readFileSync(at("plain", "colours.int8.onnx"))).toEqual(readFileSync(at("signed", "colours.int8.onnx")));
});

test.each<[string, (folder: string) => unknown, RegExp]>([
  ["a folder behind a link", (at) => symlinkSync(folder, join(at, "more")), /FAULT: .*more is no file and no folder/],
  ["a link to nothing", (at) => symlinkSync("nowhere", join(at, "none")), /FAULT: .*none is no file and no folder/],
  ["the model", (at) => flip(join(at, "colours.int8.onnx")), /FAULT: .*int8\.onnx is not the file that .* names/],
  ["the calibration", (at) => flip(join(at, "colours.calibration.json")), /FAULT: .*calibration\.json is not the file/],
  ["the recipe", (at) => flip(join(at, "colours.recipe.json")), /FAULT: .*recipe\.json is not the file/],
  ["the page", (at) => flip(join(at, "colours.report.html")), /FAULT: .*report\.html is not the file/],
  ["the report", (at) => flip(join(at, "colours.report.json")), /FAULT: .*sig is no signature of .*report\.json/],
  ["the signature", (at) => flip(join(at, "colours.report.json.sig")), /FAULT: .*report\.json\.sig/],
  ["a file that is gone", (at) => rmSync(join(at, "colours.trt.cache")), /FAULT: .*trt\.cache is missing/],
  ["a file more", (at) => writeFileSync(join(at, "run.sh"), ""), /FAULT: No report names signed\/run\.sh/],
  ["the report gone", (at) => rmSync(join(at, "colours.report.json")), /FAULT: There is no report/],
])("tells %s that was tampered with, with exit code 1", async (name, tamper, message) => {
  const copy = copyOf(name);
  tamper(copy);
  const { code, stdout } = await octet("verify", copy, "--key", at("keys", PUBLIC));
  expect([code, stdout]).toEqual([1, expect.stringMatching(message)]);
  expect(stdout).toMatch(/signed has \d faults?\.\n$/);
});

it("tells a signature by another key", async () => {
  await octet("keygen", "--out", at("others"));
  const asked = ["verify", at("signed"), "--key", at("others", PUBLIC)];
  expect((await octet(...asked)).stdout).toMatch(/names them; no signature vouches .*\nFAULT: .* by another key/);
  const { code, json } = await octet(...asked, "--json");
  expect(code).toBe(1);
  expect(json().faults).toMatchObject([{ kind: "other-key", file: "signed/colours.report.json.sig" }]);
});

it("looks at keys and folders before any work, and says in a sentence what is wrong with them", async () => {
  const unread = async (...args: string[]) => {
    const outcome = await octet(...args);
    expect(outcome.code).toBe(2);
    return errorOf(outcome);
  };
  const quantizing = ["quantize", model, "--data", data, "--out", at("none"), "--sign"];
  expect(await unread(...quantizing, at("no.pem"))).toBe(`There is no file ${at("no.pem")}.`);
  expect(await unread(...quantizing, at("keys", PUBLIC))).toMatch(/is a public key; sign with the private one\.$/);
  expect(await unread(...quantizing, model)).toMatch(/holds no private Ed25519 key as PEM; give one that octet keygen/);
  expect(existsSync(at("none"))).toBe(false);
  const family = [...quantizing, at("keys", PRIVATE), "--family", "transformers.js"];
  expect(await unread(...family)).toBe("A family has no report that could be signed; leave --sign out.");
  const wrongKey = ["verify", at("signed"), "--key", at("keys", PRIVATE)];
  expect(await unread(...wrongKey)).toMatch(/is a private key; verify with the public one\.$/);
  expect(await unread("verify", at("nowhere"))).toBe(`There is no folder ${at("nowhere")}.`);
  expect(await unread("verify", model)).toMatch(/is a file; name the folder that holds it with its report/);
  mkdirSync(at("empty"));
  const empty = await octet("verify", at("empty"));
  expect([empty.code, empty.stdout]).toEqual([
    1,
    expect.stringContaining("FAULT: There is no report among these files"),
  ]);
});

it("signs what tune writes", async () => {
  const asked = ["tune", model, "--data", data, "--preprocess", "unit", "--out", at("tuned")];
  const tuned = await octet(...asked, "--sign", at("keys", PRIVATE));
  expect([0, 1]).toContain(tuned.code);
  const { code, stdout } = await octet("verify", at("tuned"), "--key", at("keys", PUBLIC));
  expect([code, stdout]).toEqual([0, expect.stringContaining("signed by the key given")]);
}, 60_000);
