import { mkdirSync, readdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { armor, Decrypter } from "age-encryption";
import { afterAll, afterEach, beforeAll, expect, it, vi } from "vitest";
import type { Runtime } from "../src/engine/model/runtime.ts";
import { seal } from "../src/engine/sealing/seal.ts";
import { colourModel, modelBytes, put, putColours, scratch } from "./testing/colours.ts";
import { errorOf, octet } from "./testing/command.ts";

// Threads and a process for each command would take five times as long.
vi.mock("./executors.ts", () => ({ observingApart: (runtime: Runtime) => runtime }));
vi.mock("./separate.ts", () => ({ withSeparate: (runtime: Runtime) => runtime }));
vi.mock("../src/engine/sealing/workFactor.ts", () => ({ WORK_FACTOR: 2 }));

const PASSPHRASE = "burst swarm slender";
const MODEL = "colours.int8.onnx";
const SEALED = ["calibration.json", "ort-ranges.json", "recipe.json", "report.html", "report.json", "trt.cache"]
  .map((kind) => `colours.${kind}.age`)
  .sort();
let folder: string;
let model: string;
let data: string;
let fresh: string;
const at = (...names: string[]) => join(folder, ...names);
const setPassphrase = (passphrase: string) => vi.stubEnv("OCTET_PASSPHRASE", passphrase);
const quantize = (out: string, ...options: string[]) =>
  octet("quantize", model, "--data", data, "--preprocess", "unit", "--out", at(out), ...options);

/** What age makes of a file. */
async function decrypted(path: string): Promise<string> {
  const decrypter = new Decrypter();
  decrypter.addPassphrase(PASSPHRASE);
  return decrypter.decrypt(readFileSync(path), "text");
}

beforeAll(async () => {
  folder = scratch();
  model = put(folder, "colours.onnx", modelBytes(colourModel()));
  data = await putColours(folder, "photos", 9);
  fresh = await putColours(folder, "fresh", 9, 100);
  await octet("keygen", "--out", at("keys"));
  setPassphrase(PASSPHRASE);
  await quantize("sealed", "--encrypt", "--sign", at("keys", "octet-private.pem"));
  vi.unstubAllEnvs();
  await quantize("plain");
}, 120_000);
afterEach(() => void vi.unstubAllEnvs());
afterAll(() => rmSync(folder, { recursive: true }));

it("writes all but the model encrypted, and the model as it would be", async () => {
  expect(readdirSync(at("sealed")).sort()).toEqual([MODEL, "colours.report.json.age.sig", ...SEALED].sort());
  expect(readFileSync(at("sealed", MODEL))).toEqual(readFileSync(at("plain", MODEL)));
  for (const kind of ["calibration.json", "recipe.json", "trt.cache", "ort-ranges.json"]) {
    expect(await decrypted(at("sealed", `colours.${kind}.age`))).toBe(
      readFileSync(at("plain", `colours.${kind}`), "utf8"),
    );
  }
  const { files } = JSON.parse(await decrypted(at("sealed", "colours.report.json.age")));
  const names = files.map(({ name }: { name: string }) => name).sort();
  expect(names).toEqual([MODEL, ...SEALED].filter((name) => name !== "colours.report.json.age").sort());
  const page = await decrypted(at("sealed", "colours.report.html.age"));
  expect(page).toContain("colours.recipe.json.age");
  expect(page).not.toContain("<code>colours.recipe.json</code>");
});

it("leaves no range, scale or setting readable beside the model, and prints none", async () => {
  const recipe = JSON.parse(readFileSync(at("plain", "colours.recipe.json"), "utf8"));
  const [range] = Object.values<{ high: number }>(recipe.resolved);
  const told = [String(range!.high), "octet-recipe", "octet-calibration", "octet-report", "resolved", "<html"];
  expect(readFileSync(at("plain", "colours.recipe.json"), "utf8")).toContain(String(range!.high));
  for (const name of readdirSync(at("sealed")).filter((name) => name.endsWith(".age"))) {
    const text = readFileSync(at("sealed", name), "latin1");
    expect(text.startsWith("age-encryption.org/v1\n-> scrypt "), name).toBe(true);
    for (const each of told) expect(text.includes(each), `${each} in ${name}`).toBe(false);
  }
  setPassphrase(PASSPHRASE);
  const { stdout, stderr, json } = await quantize("printed", "--encrypt", "--json");
  expect(Object.keys(json()).filter((name) => ["recipe", "parameters"].includes(name))).toEqual([]);
  expect(stdout + stderr).not.toContain(PASSPHRASE);
  expect(stdout).not.toContain(String(range!.high));
});

it("verifies what lies there, with its report opened and its signature of what is encrypted", async () => {
  setPassphrase(PASSPHRASE);
  const asked = ["verify", at("sealed"), "--key", at("keys", "octet-public.pem")];
  const kept = await octet(...asked);
  expect([kept.code, kept.stdout]).toEqual([
    0,
    expect.stringMatching(/report\.json\.age: 6 of 6 files .*; signed by the key given/),
  ]);
  const path = at("sealed", "colours.recipe.json.age");
  const before = readFileSync(path);
  const changed = Uint8Array.from(before);
  changed[changed.length - 1]! ^= 1;
  writeFileSync(path, changed);
  const found = await octet(...asked);
  expect([found.code, found.stdout]).toEqual([1, expect.stringContaining("recipe.json.age is not the file that")]);
  const read = await octet("quantize", model, "--cache", at("plain", "colours.calibration.json"), "--recipe", path);
  expect([read.code, errorOf(read)]).toEqual([
    2,
    `${path} is encrypted and damaged; copy it again from where it was made.`,
  ]);
  writeFileSync(path, before);
  vi.unstubAllEnvs();
  const unset = await octet(...asked);
  expect([unset.code, errorOf(unset)]).toEqual([
    2,
    "sealed/colours.report.json.age is encrypted, and OCTET_PASSPHRASE is not set; set that in the environment to its passphrase.",
  ]);
  setPassphrase("another");
  const wrong = await octet(...asked);
  expect([wrong.code, errorOf(wrong)]).toEqual([
    2,
    "sealed/colours.report.json.age is not opened by the passphrase in OCTET_PASSPHRASE; set that to the one that it was encrypted with, or to several, one a line.",
  ]);
});

it("takes several passphrases, one a line, for files that were encrypted with different ones", async () => {
  const part = (index: number) => at("parts", `colours.${index}-of-2.shard.json.age`);
  for (const [index, passphrase] of [PASSPHRASE, "another one"].entries()) {
    setPassphrase(passphrase);
    const shard = ["--shard", `${index + 1}/2`, "--out", at("parts"), "--encrypt"];
    expect((await octet("calibrate", model, "--data", data, "--preprocess", "unit", ...shard)).code).toBe(0);
    expect((await quantize(`both/${index}`, "--encrypt")).code).toBe(0);
  }
  const merge = () => octet("merge", part(1), part(2), "--out", at("merged"));
  const verify = () => octet("verify", at("both"));
  for (const [which, given] of [
    ["the passphrase", PASSPHRASE],
    ["any passphrase", `${PASSPHRASE}\nwrong`],
  ] as const) {
    setPassphrase(given);
    const told = `is not opened by ${which} in OCTET_PASSPHRASE; set that to the one that it was encrypted with, or to several, one a line.`;
    expect(errorOf(await merge())).toBe(`${part(2)} ${told}`);
    expect(errorOf(await verify())).toBe(`both/1/colours.report.json.age ${told}`);
  }
  for (const given of [`${PASSPHRASE}\nanother one\n`, `another one\r\n\r\n${PASSPHRASE}`]) {
    setPassphrase(given);
    expect([(await merge()).code, (await verify()).code]).toEqual([0, 0]);
  }
  setPassphrase(`${PASSPHRASE}\nanother one\n`);
  const merged = await octet("merge", part(1), part(2), "--out", at("merged"), "--encrypt", "--json");
  expect([merged.code, merged.json().file]).toEqual([0, "colours.calibration.json.age"]);
  expect(merged.json().notices.at(-1).message).toBe(
    "Encrypted with the first of the 2 passphrases in OCTET_PASSPHRASE.",
  );
  expect(JSON.parse(await decrypted(at("merged", "colours.calibration.json.age"))).model.name).toBe("colours");
  setPassphrase(`caf\ufffd\n${PASSPHRASE}\nanother one`);
  const unclear = await octet("merge", part(1), part(2), "--out", at("unclear"), "--encrypt");
  expect([unclear.code, errorOf(unclear)]).toEqual([2, expect.stringContaining("holds bytes that are no UTF-8")]);
  setPassphrase("of a program\nwith two lines");
  const sealed = put(
    folder,
    "program.txt.age",
    await seal(new TextEncoder().encode("text"), "of a program\nwith two lines"),
  );
  expect((await octet("decrypt", sealed, "--out", at("program"))).code).toBe(0);
});

it("opens them wherever a calibration, a recipe or a report is taken, binary or armored", async () => {
  setPassphrase(PASSPHRASE);
  const sealed = (kind: string) => at("sealed", `colours.${kind}.age`);
  const again = await octet(
    "quantize",
    model,
    "--cache",
    sealed("calibration.json"),
    "--recipe",
    sealed("recipe.json"),
    "--out",
    at("again"),
  );
  expect(again.code).toBe(0);
  expect(readFileSync(at("again", MODEL))).toEqual(readFileSync(at("plain", MODEL)));
  const armored = put(folder, "armored.recipe.json", armor.encode(readFileSync(sealed("recipe.json"))));
  const cache = at("plain", "colours.calibration.json");
  expect((await octet("quantize", model, "--cache", cache, "--recipe", armored, "--out", at("armored"))).code).toBe(0);
  expect(readFileSync(at("armored", MODEL))).toEqual(readFileSync(at("plain", MODEL)));
  const drift = await octet("drift", model, "--cache", sealed("calibration.json"), "--data", fresh, "--json");
  expect([drift.code, drift.json().verdict]).toEqual([0, "fine"]);
  const diff = await octet("diff", sealed("report.json"), at("plain", "colours.report.json"));
  expect([diff.code, diff.stdout]).toEqual([0, expect.stringContaining("settings: the same")]);
  const rules = put(folder, "rules.json", '{"maxBytes": 1}');
  const gated = await octet("gate", sealed("report.json"), "--rules", rules);
  expect([gated.code, gated.stdout]).toEqual([1, expect.stringContaining("FAILED")]);
  const judged = ["evaluate", model, at("sealed", MODEL), "--data", data, "--preprocess", "unit", "--json"];
  expect((await octet(...judged)).code).toBe(2);
  vi.unstubAllEnvs();
  const unknown = await octet(...judged);
  expect([unknown.code, unknown.stderr]).toEqual([
    0,
    expect.stringContaining(`${at("sealed", "colours.recipe.json.age")} is encrypted, and OCTET_PASSPHRASE is not set`),
  ]);
});

it("encrypts calibrations and shards alone, and merges them", async () => {
  setPassphrase(PASSPHRASE);
  const asked = ["calibrate", model, "--data", data, "--preprocess", "unit", "--out", at("shards"), "--encrypt"];
  for (const part of ["1/2", "2/2"]) expect((await octet(...asked, "--shard", part)).code).toBe(0);
  const shards = readdirSync(at("shards")).map((name) => at("shards", name));
  expect(shards).toEqual([1, 2].map((part) => at("shards", `colours.${part}-of-2.shard.json.age`)));
  const merged = await octet("merge", ...shards, "--out", at("merged"), "--encrypt", "--json");
  expect(merged.json().file).toBe("colours.calibration.json.age");
  const whole = await octet(...asked.slice(0, -1), "--json");
  expect(await decrypted(at("merged", "colours.calibration.json.age"))).toBe(
    readFileSync(at("shards", whole.json().file), "utf8"),
  );
  const ranked = ["sensitivity", model, "--data", data, "--preprocess", "unit"];
  const part = await octet(...ranked, "--shard", "1/1", "--out", at("ranked"), "--encrypt", "--json");
  expect([part.code, part.json().file]).toEqual([0, "colours.1-of-1.sensitivity.json.age"]);
  expect((await octet("merge", at("ranked", part.json().file), "--json")).code).toBe(0);
  expect(errorOf(await octet(...ranked, "--encrypt"))).toContain("--encrypt are for what --shard writes");
});

it("encrypts what tune writes, and prints no recipe", async () => {
  setPassphrase(PASSPHRASE);
  const asked = ["tune", model, "--data", data, "--preprocess", "unit", "--min-sqnr", "20", "--out", at("tuned")];
  const { code, json } = await octet(...asked, "--encrypt", "--json");
  expect(code).toBe(0);
  expect(readdirSync(at("tuned")).sort()).toEqual([MODEL, ...SEALED].sort());
  expect(Object.keys(json().tuning)).not.toContain("start");
  expect(Object.keys(json())).not.toContain("parameters");
  expect(Object.keys(json())).not.toContain("recipe");
});

it("leaves no file of an earlier run beside the same encrypted, once that is written, and none encrypted beside the same that is not", async () => {
  setPassphrase(PASSPHRASE);
  await quantize("turned", "--sign", at("keys", "octet-private.pem"));
  put(at("turned"), "notes.txt.age", "mine");
  const before = readdirSync(at("turned"));
  mkdirSync(at("turned", "colours.report.html.age"));
  expect(errorOf(await quantize("turned", "--encrypt"))).toContain("colours.report.html.age is a folder");
  rmdirSync(at("turned", "colours.report.html.age"));
  expect(readdirSync(at("turned"))).toEqual(before);
  await quantize("turned", "--encrypt");
  expect(readdirSync(at("turned")).sort()).toEqual([MODEL, "notes.txt.age", ...SEALED].sort());
  await quantize("turned");
  expect(readdirSync(at("turned")).filter((name) => name.endsWith(".age"))).toEqual(["notes.txt.age"]);
});

it("asks for the passphrase before any work, and takes none where there is nothing to encrypt", async () => {
  const unset = await quantize("none", "--encrypt");
  expect([unset.code, errorOf(unset)]).toEqual([
    2,
    "--encrypt takes the passphrase from OCTET_PASSPHRASE; set that in the environment.",
  ]);
  setPassphrase(`${PASSPHRASE}\n`);
  expect(errorOf(await quantize("none", "--encrypt"))).toMatch(/^OCTET_PASSPHRASE has a line break in it, .*; set it/);
  setPassphrase("caf\ufffd");
  expect(errorOf(await quantize("none", "--encrypt"))).toContain("no UTF-8");
  setPassphrase(PASSPHRASE);
  const family = await octet("quantize", model, "--family", "transformers.js", "--out", at("none"), "--encrypt");
  expect(errorOf(family)).toBe(
    "A family has no calibration, recipe or report that could be encrypted; leave --encrypt out.",
  );
  expect(readdirSync(folder)).not.toContain("none");
});

it("decrypts files for what reads them as they are", async () => {
  setPassphrase(PASSPHRASE);
  const kinds = ["report.html", "trt.cache"];
  const { code, json } = await octet(
    "decrypt",
    ...kinds.map((kind) => at("sealed", `colours.${kind}.age`)),
    "--json",
    "--out",
    at("opened"),
  );
  expect([code, json().files]).toEqual([0, kinds.map((kind) => `colours.${kind}`)]);
  expect(readFileSync(at("opened", "colours.trt.cache"))).toEqual(readFileSync(at("plain", "colours.trt.cache")));
  expect(readdirSync(at("sealed"))).toHaveLength(8);
  const plain = at("plain", "colours.recipe.json");
  expect(errorOf(await octet("decrypt", plain, "--out", at("opened")))).toBe(
    `${plain} is not encrypted; leave it out.`,
  );
});
