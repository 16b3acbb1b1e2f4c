import MarkdownIt from "markdown-it";

/** A page of the site, as docs/index.md lists it. */
export interface Entry {
  readonly title: string;
  /** Its source, from the root of the repository. */
  readonly source: string;
  readonly about: string;
}

export interface Section {
  readonly title: string;
  readonly level: number;
  readonly entries: readonly Entry[];
}

export const INDEX = "docs/index.md";

/** Reads the sidebar: headings of docs/index.md below its title, and the lists of links under them. */
export function readContents(text: string): readonly Section[] {
  const sections: { title: string; level: number; entries: Entry[] }[] = [];
  const tokens = new MarkdownIt().parse(text, {});
  for (const [i, token] of tokens.entries()) {
    if (token.type !== "inline") continue;
    const before = tokens[i - 1]!;
    if (before.type === "heading_open" && before.tag !== "h1") {
      sections.push({ title: token.content, level: Number(before.tag.slice(1)), entries: [] });
    } else if (before.type === "paragraph_open" && tokens[i - 2]?.type === "list_item_open") {
      sections.at(-1)?.entries.push(entryOf(token.content));
    }
  }
  return sections;
}

function entryOf(line: string): Entry {
  const found = /^\[([^\]]+)\]\(([^)]+)\): ([\s\S]+)$/.exec(line);
  if (!found) throw new Error(`${INDEX} has "${line}", which is not "[title](page.md): what it is about".`);
  const [, title, link, about] = found as unknown as [string, string, string, string];
  return { title, source: sourceOf(link, INDEX), about: about.replaceAll("\n", " ") };
}

/** The path from the root of what a document links to. */
export function sourceOf(link: string, document: string): string {
  return new URL(link, `file:///${document}`).pathname.slice(1);
}

/** Where the site has a file of the repository, from its own folder. */
export function placeOf(source: string): string {
  const inside = source.startsWith("docs/") ? source.slice("docs/".length) : source.toLowerCase();
  if (inside.endsWith(".md")) return inside.replace(/\.md$/, ".html");
  return inside.includes(".") ? inside : `${inside}.txt`;
}
