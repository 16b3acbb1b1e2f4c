import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { COMMANDS } from "../cli/definitions.ts";
import { scratch } from "../cli/testing/colours.ts";
import { octet } from "../cli/testing/command.ts";
import manifest from "../package.json" with { type: "json" };
import type { Runtime } from "../src/engine/model/runtime.ts";
import { type Command, commandsOf } from "./site/commands.ts";
import { putWorld } from "./site/testing/world.ts";
import { type Copy, copyOf } from "./verify/docs/copy.ts";
import { documentsOf, npmCommands } from "./verify/docs/index.ts";
import { TRIALS } from "./verify/docs/trials.ts";

// Threads and a process for each command would take five times as long; tests of the command line have them.
vi.mock("../cli/executors.ts", () => ({ observingApart: (runtime: Runtime) => runtime }));
vi.mock("../cli/separate.ts", () => ({ withSeparate: (runtime: Runtime) => runtime }));
vi.mock("../src/engine/sealing/workFactor.ts", () => ({ WORK_FACTOR: 2 }));

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const DOCUMENTS = documentsOf(ROOT);

describe.each(DOCUMENTS)("%s", (_, text) => {
  it("calls the package by the name that it has", () => {
    const names = new Set(text.match(/@[\w-]+\/octet\b/g));
    expect([...names].filter((name) => name !== manifest.name)).toEqual([]);
  });

  it("installs octet before it runs it with npx, whose octet is a stranger's elsewhere", () => {
    const blocks = text.match(/^```[\s\S]*?^```|(?:^ {4}.*\n)+/gm) ?? [];
    const bare = blocks.filter(
      (block) => /npx octet/.test(block) && !block.split("npx octet")[0]?.includes(manifest.name),
    );
    expect(bare).toEqual([]);
  });
});

const runs = DOCUMENTS.filter(([name]) => name !== "CHANGELOG.md")
  .map(([name, text]) => [name, commandsOf(text)] as const)
  .filter(([, commands]) => commands.length > 0);

describe("the commands of", () => {
  const from = process.cwd();
  let world: string;
  beforeAll(async () => {
    vi.stubEnv("OCTET_PASSPHRASE", "burst swarm slender");
    world = scratch();
    mkdirSync(join(world, "given"));
    await putWorld(join(world, "given"));
  }, 60_000);
  afterAll(() => {
    vi.unstubAllEnvs();
    process.chdir(from);
    rmSync(world, { recursive: true });
  });

  it.each(runs)("%s run, one after the other, on small files of the names that it uses", async (name, commands) => {
    const folder = join(world, name.replaceAll("/", "-"));
    cpSync(join(world, "given"), folder, { recursive: true });
    process.chdir(folder);
    for (const command of commands) {
      if (command.words[0] === "npm") continue;
      if (command.isSynopsis) expect(unknownOf(command), command.text).toEqual([]);
      else await runCommand(command);
    }
  });
});

describe("the commands of npm", () => {
  const named = npmCommands(DOCUMENTS);
  const quick = Object.entries(TRIALS).flatMap(([text, trial]) =>
    "see" in trial && trial.isQuick ? [[text, trial] as const] : [],
  );
  let copy: Copy;
  beforeAll(() => {
    copy = copyOf(ROOT, "linked");
  }, 60_000);
  afterAll(() => copy.remove(), 60_000);

  it("are each tried by `npm run verify -- --only docs`, or it says why not, and it tries no others", () => {
    expect(Object.keys(TRIALS).sort()).toEqual([...named.keys()].sort());
  });

  it.each([...named.keys()].filter((text) => text.startsWith("npm ")))("%s is one that there is", (text) => {
    expect(npmCan(text.split(" ").slice(1))).toBe(true);
  });

  it.each(quick)(
    "%s does in a fresh copy what is said of it",
    async (text, { see }) => {
      await expect(see(text.split(" "), named.get(text)!.command.settings, copy)).resolves.toBeTruthy();
    },
    300_000,
  );
});

/** Runs a command on a few of the samples that it asks for. */
async function runCommand({ text, words, into }: Command): Promise<void> {
  const counts = ["--samples", "--skip"];
  const fewer = words.map((word, i) => (counts.includes(words[i - 1]!) ? String(Math.ceil(Number(word) / 25)) : word));
  const { code, stdout, stderr } = await octet(...fewer.slice(1));
  // What drift says of so few pictures is their affair: 1 is an answer.
  expect(words[1] === "drift" ? [0, 1] : [0], `${text}\n${stderr}`).toContain(code);
  if (into === null) return;
  mkdirSync(dirname(into), { recursive: true });
  writeFileSync(into, stdout);
}

/** What a synopsis names that the command line has not. */
function unknownOf({ words }: Command): readonly string[] {
  const name = words[1] ?? "";
  if (!(name in COMMANDS)) return [name];
  const { options } = COMMANDS[name as keyof typeof COMMANDS];
  const named = words.map((word) => /^\[?--([a-z-]+)/.exec(word)?.[1]).filter((option) => option !== undefined);
  return named.filter((option) => !(option in options));
}

/** Whether npm has the command here: a script of package.json with parts that there are, or the package by its name. */
function npmCan([command = "", ...rest]: readonly string[]): boolean {
  if (command === "install") return rest.every((word) => word.startsWith("--") || word === manifest.name);
  if (command === "ci" || command === "pack") return rest.length === 0;
  const script = command === "run" ? rest.shift() : command;
  const only = rest.indexOf("--only") + 1;
  const parts = only > 0 ? rest[only]!.split(",") : [];
  const source = parts.length > 0 ? readFileSync(`${ROOT}scripts/${script}/index.ts`, "utf8") : "";
  return (script ?? "") in manifest.scripts && parts.every((part) => new RegExp(`\\b${part}\\b`).test(source));
}
