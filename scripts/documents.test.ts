import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import manifest from "../package.json" with { type: "json" };

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const DOCUMENTS = [
  "README.md",
  "CONTRIBUTING.md",
  "CHANGELOG.md",
  ...readdirSync(`${ROOT}docs`).map((name) => `docs/${name}`),
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
