import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { scratch } from "../../cli/testing/colours.ts";
import { DOCUMENTATION } from "../../src/studio/documentation.ts";
import { type SearchSection, searchOver } from "./search.ts";
import { siteFiles, unlisted } from "./site.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const ASSETS = { script: "../page.js", style: "../page.css", policy: true };

/** The pages of a repository that holds these documents. */
function filesOf(documents: Readonly<Record<string, string>>): ReadonlyMap<string, string | Uint8Array> {
  const root = scratch();
  mkdirSync(join(root, "docs/deep"), { recursive: true });
  for (const [path, text] of Object.entries(documents)) writeFileSync(join(root, path), text);
  try {
    return siteFiles(root, ASSETS);
  } finally {
    rmSync(root, { recursive: true });
  }
}

const INDEX = "# All\n\n## Reference\n\n- [A page](a.md): of things\n- [Read me](../README.md): first\n";
const README = "# Read me\n\n![it](docs/it.png)\n";

it("lists every document: one that is new has its line in docs/index.md, under the kind that it is", () => {
  expect(unlisted(ROOT)).toEqual([]);
});

it("has a document that is not listed yet all the same", () => {
  const files = filesOf({
    "docs/index.md": INDEX,
    "README.md": "# Read me\n",
    "docs/a.md": "# A\n",
    "docs/deep/c.md": "# C\n\n[a.md](../a.md)\n",
  });
  expect(files.get("deep/c.html")).toContain("<h2>More</h2>");
  expect(files.get("a.html")).toContain('<a href="deep/c.html">docs/deep/c.md</a>');
});

describe("the site", () => {
  const files = siteFiles(ROOT, ASSETS);
  const sections = JSON.parse(String(files.get("search.json"))) as SearchSection[];

  it("has the page, and the heading, that each screen of the studio leads to", () => {
    for (const address of Object.values(DOCUMENTATION)) {
      const [path = "", anchor] = address.split("#");
      expect(files.has(path), address).toBe(true);
      if (anchor) expect(String(files.get(path)), address).toContain(`id="${anchor}"`);
    }
  });

  it("has nothing in its pages that its policy refuses", () => {
    for (const [path, content] of files) {
      if (path.endsWith(".html"))
        expect(String(content), path).not.toMatch(/<script(?![^>]* src=)|<[^>]* (?:style|on\w+)="/);
    }
  });

  it("finds a page by its title, a section by a word's beginning, and what is misspelt", () => {
    const find = searchOver(sections);
    const first = (query: string) => find(query, 5).map(({ section }) => section.anchor);
    expect(first("fine-tuning")[0]).toBe("finetuning.html");
    expect(first("smoothquan")).toContain("corrections.html");
    expect(first("sensitivty")[0]).toBe("sensitivity.html");
    expect(find("perplexity", 1)[0]!.excerpt).toMatch(/perplexity/i);
    expect(find("zeppelin", 5)).toHaveLength(0);
  });
});

it("relinks documents and pictures to where the site has them, by the titles of the sidebar", () => {
  const files = filesOf({
    "docs/index.md": `${INDEX}- [Deep](deep/b.md): down\n`,
    "README.md": README,
    "docs/it.png": "picture",
    "docs/a.md": "# A\n\n## Two words\n\nSee [a.md](deep/b.md) and [b.md](deep/b.md).\n",
    "docs/deep/b.md": "# B\n\n[There](../a.md#two-words), [out](https://example.com/x.md), [readme](../../README.md)\n",
  });
  expect([...files.keys()].sort()).toEqual([
    ...["a.html", "deep/b.html", "index.html", "it.png", "readme.html", "search.json"],
  ]);
  expect(files.get("a.html")).toContain('See <a href="deep/b.html">a.md</a> and <a href="deep/b.html">Deep</a>.');
  expect(files.get("deep/b.html")).toContain('<a href="../a.html#two-words">There</a>');
  expect(files.get("deep/b.html")).toContain('<a href="https://example.com/x.md">out</a>');
  expect(files.get("deep/b.html")).toContain('src="../../page.js"');
  expect(files.get("readme.html")).toContain('src="it.png"');
});

it.each([
  [
    "a link that leads nowhere",
    { "docs/a.md": "# A\n\n[x](b.md)\n" },
    "docs/a.md links to docs/b.md, which is not there.",
  ],
  [
    "a heading that there is not",
    { "docs/a.md": "# A\n\n[x](../README.md#no)\n" },
    "docs/a.md links to README.md#no, which is not there.",
  ],
  [
    "a line of the contents that says nothing",
    { "docs/a.md": "# A\n", "docs/index.md": "# All\n\n## Reference\n\n- [A page](a.md)\n" },
    'docs/index.md has "[A page](a.md)", which is not "[title](page.md): what it is about".',
  ],
])("refuses %s", (_, documents, sentence) => {
  const given = { "docs/index.md": INDEX, "README.md": "# Read me\n", ...documents };
  expect(() => filesOf(given)).toThrow(sentence);
});

it("keeps docs/index.md for readers of the repository too", () => {
  expect(readFileSync(`${ROOT}README.md`, "utf8")).toContain("docs/index.md");
});
