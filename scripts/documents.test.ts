import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
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

// Threads and a process for each command would take five times as long; tests of the command line have them.
vi.mock("../cli/executors.ts", () => ({ threadedRuntime: (runtime: Runtime) => runtime }));
vi.mock("../cli/separate.ts", () => ({ withSeparate: (runtime: Runtime) => runtime }));

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const DOCUMENTS = [
  "README.md",
  "CONTRIBUTING.md",
  "CHANGELOG.md",
  ...readdirSync(`${ROOT}docs`, { recursive: true, encoding: "utf8" }).map((name) => `docs/${name}`),
]
  .filter((name) => name.endsWith(".md"))
  .map((name) => [name, readFileSync(ROOT + name, "utf8")] as const);

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
    world = scratch();
    mkdirSync(join(world, "given"));
    await putWorld(join(world, "given"));
  }, 60_000);
  afterAll(() => {
    process.chdir(from);
    rmSync(world, { recursive: true });
  });

  it.each(runs)("%s run, one after the other, on small files of the names that it uses", async (name, commands) => {
    const folder = join(world, name.replaceAll("/", "-"));
    cpSync(join(world, "given"), folder, { recursive: true });
    process.chdir(folder);
    for (const command of commands) {
      if (command.words[0] === "npm") expect(npmCan(command.words.slice(1)), command.text).toBe(true);
      else if (command.isSynopsis) expect(unknownOf(command), command.text).toEqual([]);
      else await runCommand(command);
    }
  });
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
  if (command === "ci") return rest.length === 0;
  const script = command === "run" ? rest.shift() : command;
  const only = rest.indexOf("--only") + 1;
  const parts = only > 0 ? rest[only]!.split(",") : [];
  const source = parts.length > 0 ? readFileSync(`${ROOT}scripts/${script}/index.ts`, "utf8") : "";
  return (script ?? "") in manifest.scripts && parts.every((part) => new RegExp(`\\b${part}\\b`).test(source));
}
