import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import manifest from "../../../package.json" with { type: "json" };
import { type Copy, contentOf, finished, served } from "./copy.ts";

/** How a command of npm that the documents name is tried in a fresh copy of the checkout. */
export interface Trial {
  /** What is run for it, where that is not the command itself. */
  readonly as?: string;
  /** Whether a test runs it too: it takes a few seconds with the packages installed, and is no step of `npm test`. */
  readonly isQuick?: boolean;
  /** Runs it, looks at what it made, and says what was seen. */
  readonly see: (words: readonly string[], settings: Readonly<Record<string, string>>, copy: Copy) => Promise<string>;
}

/** Why a command is not tried. */
export interface Untried {
  readonly why: string;
}

const ends: Trial["see"] = async (words, settings, { folder }) => {
  await finished({ words, settings, at: folder });
  return "ended with 0";
};

/** A command that writes files anew which are in the repository. */
const writesTheSame =
  (...paths: readonly string[]): Trial["see"] =>
  async (words, settings, copy) => {
    const before = contentOf(copy.folder, paths);
    await ends(words, settings, copy);
    if (contentOf(copy.folder, paths) !== before) throw new Error(`It changed ${paths.join(", ")}.`);
    return `${paths.join(", ")} stayed as they were`;
  };

const serves =
  (settings: Readonly<Record<string, string>>): Trial["see"] =>
  async (words, own, { folder }) => {
    const response = await served({ words, settings: { ...own, ...settings }, at: folder });
    const page = await response.text();
    if (!response.ok || !page.includes("<title>Octet"))
      throw new Error(`Its page answered ${response.status}: ${page}`);
    return "the page answered 200";
  };

const leaves =
  (...paths: readonly string[]): Trial["see"] =>
  async (words, settings, copy) => {
    await ends(words, settings, copy);
    const missing = paths.filter((path) => !existsSync(join(copy.folder, path)));
    if (missing.length > 0) throw new Error(`It made no ${missing.join(", ")}.`);
    return `${paths.join(", ")} there`;
  };

/** Vitest's and Playwright's last lines. */
const passes: Trial["see"] = async (words, settings, { folder }) => {
  const printed = await finished({ words, settings, at: folder });
  const passed = [...printed.matchAll(/(\d+) passed/g)].at(-1)?.[1];
  if (!passed || passed === "0") throw new Error(`It says of no test that it passed:\n${printed}`);
  return `${passed} tests passed`;
};

/** Installs the tarball that `npm pack` makes, since the package of that name is not published, and runs what was installed. */
const installs: Trial["see"] = async (words, settings, copy) => {
  const place = copy.outside();
  const tarball = await packed(copy);
  await finished({ words: words.map((word) => (word === manifest.name ? tarball : word)), settings, at: place });
  const printed = await finished({ words: ["npx", "octet", "--version"], settings: {}, at: place });
  if (!printed.includes(manifest.version)) throw new Error(`npx octet --version printed ${printed}`);
  return "the tarball of npm pack installed in an empty folder; npx octet ran there";
};

async function packed(copy: Copy): Promise<string> {
  const place = copy.outside();
  await finished({ words: ["npm", "pack", "--pack-destination", place], settings: {}, at: copy.folder });
  return join(place, readdirSync(place).find((name) => name.endsWith(".tgz"))!);
}

const packs: Trial["see"] = async (_, __, copy) => {
  const tarball = await packed(copy);
  if (existsSync(join(copy.folder, "lib"))) throw new Error("It left lib behind.");
  return `${(readFileSync(tarball).length / 1e6).toFixed(1)} MB`;
};

const MEASURES = "it measures on ../shared for minutes to hours, and each of its documents has the day of its last run";
const SHORT_BENCH = "npm run bench -- --only observers --quick";
const WHOLE_BENCH = `it measures for minutes on an idle machine; ${SHORT_BENCH} is run for all of them`;

/** By what stands in the documents, in the order in which they are tried: the first ones install and build. */
export const TRIALS: Readonly<Record<string, Trial | Untried>> = {
  "npm start": { see: serves({ PORT: "0" }) },
  "npm ci": { see: leaves("node_modules/.bin/octet", "node_modules/onnxruntime-node") },
  "npm run build": { see: leaves("dist/index.html", "dist/service.js", "dist/docs/index.html") },
  "npm run dev": { isQuick: true, see: serves({}) },
  "npm run types": { see: ends },
  "npm run lint": { see: ends },
  "npm run format": { see: writesTheSame("src", "scripts", "cli", "workers", "e2e", "packed") },
  "npm run kernel": { see: writesTheSame("src/engine/numerics/kernel") },
  "npm run schemas": { isQuick: true, see: writesTheSame("docs/schemas") },
  "npx octet --help": { isQuick: true, see: ends },
  "npx tsx scripts/recordExports.ts hashes": { see: writesTheSame("src/engine/job") },
  "npm run unit -- src/engine/onnx": { see: passes },
  "npm run unit": { as: "npm run unit -- src/engine/values", see: passes },
  "npm run e2e": { as: "npm run e2e -- e2e/documentation.spec.ts", see: passes },
  "npm run pictures": { see: leaves("docs/images/studio.png") },
  "npm pack": { see: packs },
  [`npm install ${manifest.name}`]: { see: installs },
  [`npm install --no-save ${manifest.name}`]: { see: installs },
  "npm run packed": { see: passes },
  "npm run consumer": { see: passes },
  "npm run fuzz": { as: "npm run fuzz -- --inputs 500", see: ends },
  "npm run fuzz -- --table": { why: "it writes a table of 20,000 inputs over the one of more" },
  "npm run bench": { as: SHORT_BENCH, see: leaves("bench/results.json") },
  "npm run bench -- --only export,page": { why: WHOLE_BENCH },
  "npm run bench -- --only export": { why: WHOLE_BENCH },
  "npm run bench -- --only graph": { why: WHOLE_BENCH },
  "npm run bench -- --only sensitivity": { why: WHOLE_BENCH },
  "npm run bench -- --only calibration --quick": { why: WHOLE_BENCH },
  "npm run verify": { why: MEASURES },
  "npm run verify -- --only browsers": { why: MEASURES },
  "npm run verify -- --only drift-measured": { why: MEASURES },
  "npm run verify -- --only scale": { why: MEASURES },
  "npm run verify -- --only studio": { why: MEASURES },
  "npm run verify -- --only docs": { why: "it is what wrote this" },
  "npm test": {
    why: "it takes half an hour and more; its steps are tried alone here, of unit tests and those in Chromium a part",
  },
};
