import { posix } from "node:path";
import MarkdownIt, { type Token } from "markdown-it";
import { placeOf, sourceOf } from "./contents.ts";
import type { SearchSection } from "./search.ts";

export interface Heading {
  readonly text: string;
  readonly level: number;
  readonly anchor: string;
}

export interface Rendered {
  readonly title: string;
  readonly html: string;
  readonly headings: readonly Heading[];
  readonly sections: readonly Omit<SearchSection, "page" | "kind">[];
  /** What it links to inside the repository: a path from the root, and an anchor where there is one. */
  readonly links: readonly { readonly source: string; readonly anchor: string }[];
}

const OUTSIDE = /^[a-z]+:/;

/** As GitHub makes them of headings, so that links hold in both. */
function anchors(): (text: string) => string {
  const taken = new Map<string, number>();
  return (text) => {
    const slug = text
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, "")
      .replaceAll(" ", "-");
    const times = taken.get(slug) ?? 0;
    taken.set(slug, times + 1);
    return times === 0 ? slug : `${slug}-${times}`;
  };
}

const plainText = (token: Token): string =>
  (token.children ?? [])
    .map((child) => (child.type === "softbreak" ? " " : child.type === "image" ? "" : child.content))
    .join("");

/**
 * Renders a document of the repository; `tabled` says whether what is in its tables can be searched for, and `titleOf` what
 * the site calls a document where another one calls it by its file.
 */
export function render(
  source: string,
  text: string,
  tabled: boolean,
  titleOf: (source: string) => string | undefined,
): Rendered {
  const markdown = new MarkdownIt();
  const tokens = markdown.parse(text, {});
  const anchorOf = anchors();
  const headings: Heading[] = [];
  const links: { source: string; anchor: string }[] = [];
  const sections: { heading: string; anchor: string; text: string }[] = [];
  let inTable = false;
  const found = (words: string) => {
    const section = sections.at(-1);
    if (section && (tabled || !inTable)) section.text += `${words} `;
  };

  for (const [i, token] of tokens.entries()) {
    if (token.type === "table_open") inTable = true;
    if (token.type === "table_close") inTable = false;
    if (token.type === "th_open" || token.type === "td_open") alignByClass(token);
    if (token.type === "fence" || token.type === "code_block") found(token.content);
    if (token.type !== "inline") continue;
    relink(token.children ?? [], source, links, titleOf);
    const before = tokens[i - 1]!;
    const words = plainText(token);
    if (before.type !== "heading_open") {
      found(words);
      continue;
    }
    const heading = { text: words, level: Number(before.tag.slice(1)), anchor: anchorOf(words) };
    before.attrSet("id", heading.anchor);
    headings.push(heading);
    sections.push({ heading: words, anchor: heading.level === 1 ? "" : heading.anchor, text: "" });
  }

  const title = headings[0];
  if (title?.level !== 1) throw new Error(`${source} does not begin with a title.`);
  markdown.renderer.rules.table_open = () => '<div class="table" tabindex="0"><table>';
  markdown.renderer.rules.table_close = () => "</table></div>";
  // What scrolls is reached by keyboard too.
  const code = (all: readonly Token[], i: number) =>
    `<pre tabindex="0"><code>${markdown.utils.escapeHtml(all[i]!.content)}</code></pre>\n`;
  markdown.renderer.rules.fence = code;
  markdown.renderer.rules.code_block = code;
  const html = markdown.renderer.render(tokens, markdown.options, {});
  return { title: title.text, html, headings, links, sections };
}

/** The content security policy refuses `style`. */
function alignByClass(token: Token): void {
  const align = /text-align:(\w+)/.exec(String(token.attrGet("style")))?.[1];
  token.attrs = align ? [["class", align]] : null;
}

function relink(
  tokens: readonly Token[],
  source: string,
  links: { source: string; anchor: string }[],
  titleOf: (source: string) => string | undefined,
): void {
  const from = posix.dirname(placeOf(source));
  for (const [i, token] of tokens.entries()) {
    const name = token.type === "link_open" ? "href" : token.type === "image" ? "src" : null;
    if (!name) continue;
    const link = String(token.attrGet(name));
    if (OUTSIDE.test(link)) continue;
    const [path = "", anchor = ""] = link.split("#");
    const target = path ? sourceOf(path, source) : source;
    links.push({ source: target, anchor });
    if (!path) continue;
    token.attrSet(name, posix.relative(from, placeOf(target)) + (anchor && `#${anchor}`));
    const words = tokens[i + 1];
    const title = titleOf(target);
    if (title && words?.content === posix.basename(target)) words.content = title;
  }
}
