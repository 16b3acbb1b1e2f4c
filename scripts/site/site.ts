import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, posix } from "node:path";
import { INDEX, placeOf, readContents, type Section } from "./contents.ts";
import { type Rendered, render } from "./markdown.ts";
import type { SearchSection } from "./search.ts";
import { type Assets, pageHtml } from "./template.ts";

export const SECTIONS_FILE = "search.json";
const MEASURED = "Measured";

interface Page extends Rendered {
  readonly source: string;
  readonly kind: string;
}

/**
 * All files of the documentation, by their paths in its folder. Documents that docs/index.md does not list come last in the
 * sidebar. An Error names a link that leads nowhere.
 */
export function siteFiles(root: string, assets: Assets): ReadonlyMap<string, string | Uint8Array> {
  const text = (source: string) => readFileSync(join(root, source), "utf8");
  const listed = readContents(text(INDEX));
  const rest = unlisted(root, listed).map((source) => ({ title: source, source, about: "" }));
  const contents = rest.length > 0 ? [...listed, { title: "More", level: 2, entries: rest }] : listed;
  const titles = new Map(contents.flatMap(({ entries }) => entries.map(({ source, title }) => [source, title])));
  const pageOf = (source: string, kind: string): Page => ({
    source,
    kind,
    ...render(source, text(source), kind !== MEASURED, (other) => titles.get(other)),
  });
  const pages = [
    pageOf(INDEX, ""),
    ...contents.flatMap(({ title, entries }) => entries.map(({ source }) => pageOf(source, title))),
  ];

  const files = new Map<string, string | Uint8Array>();
  const bySource = new Map(pages.map((page) => [page.source, page]));
  for (const page of pages) {
    for (const link of page.links) {
      const target = bySource.get(link.source);
      if (target ? !hasAnchor(target, link.anchor) : !existsSync(join(root, link.source))) {
        throw new Error(
          `${page.source} links to ${link.source}${link.anchor && `#${link.anchor}`}, which is not there.`,
        );
      }
      if (!target) files.set(placeOf(link.source), readFileSync(join(root, link.source)));
    }
    files.set(placeOf(page.source), htmlOf(page, contents, assets));
  }
  const sections: SearchSection[] = pages.flatMap((page) => searched(page));
  files.set(SECTIONS_FILE, JSON.stringify(sections));
  return files;
}

function htmlOf(page: Page, contents: readonly Section[], assets: Assets): string {
  const place = placeOf(page.source);
  const toRoot = posix.relative(posix.dirname(place), ".") || ".";
  return pageHtml(page, contents, { ...assets, toRoot, here: page.source, wide: page.kind === MEASURED });
}

function hasAnchor({ headings }: Page, anchor: string): boolean {
  return anchor === "" || headings.some((heading) => heading.anchor === anchor);
}

function searched({ source, kind, title, sections }: Page): SearchSection[] {
  return sections.map(({ heading, anchor, text }) => ({
    page: title,
    kind,
    heading,
    anchor: placeOf(source) + (anchor && `#${anchor}`),
    text: text.trim(),
  }));
}

/** Documents of the repository that its contents do not list, from its root. */
export function unlisted(root: string, contents = readContents(readFileSync(join(root, INDEX), "utf8"))): string[] {
  const listed = new Set(contents.flatMap(({ entries }) => entries.map(({ source }) => source)));
  return readdirSync(join(root, "docs"), { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".md"))
    .map((path) => `docs/${path.replaceAll("\\", "/")}`)
    .filter((source) => source !== INDEX && !listed.has(source));
}
