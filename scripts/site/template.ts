import { posix } from "node:path";
import { placeOf, type Section } from "./contents.ts";
import type { Rendered } from "./markdown.ts";

/** Nothing but its own script and style, and what can be searched. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
].join("; ");

/** Where the site's own script and style lie, from the folder of the site. */
export interface Assets {
  readonly script: string;
  readonly style: string | null;
  /** Whether pages lay the policy upon themselves. */
  readonly policy: boolean;
}

interface Where extends Assets {
  /** The folder of the site, from that of the page. */
  readonly toRoot: string;
  readonly here: string;
  /** Whether it is a page of tables that want all the width. */
  readonly wide: boolean;
}

export function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
}

export function pageHtml(page: Rendered, contents: readonly Section[], where: Where): string {
  const { toRoot, script, style, policy, wide } = where;
  const from = (path: string) => escaped(posix.join(toRoot, path));
  return `<!doctype html>
<html lang="en" data-root="${escaped(toRoot)}">
<head>
<meta charset="utf-8">
${policy ? `<meta http-equiv="Content-Security-Policy" content="${POLICY}">\n` : ""}<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(page.title)} - Octet</title>
<link rel="icon" type="image/svg+xml" href="${from("../favicon.svg")}">
${style ? `<link rel="stylesheet" href="${from(style)}">\n` : ""}<script type="module" blocking="render" src="${from(script)}"></script>
</head>
<body>
<a class="skip" href="#page">To the page</a>
<header>
<a class="home" href="${from("../")}">Octet</a>
<a href="${from("index.html")}">Documentation</a>
<search hidden>
<input type="search" aria-label="Search the documentation" placeholder="Search ( / )" autocomplete="off" aria-controls="found">
<div id="found" class="found" hidden></div>
</search>
<a class="to-contents" href="#contents">Contents</a>
</header>
<div class="columns${wide ? " wide" : ""}">
<main id="page">
${page.html}</main>
${wide ? "" : aside(page)}<nav id="contents" aria-label="Contents">
${contents.map((section) => sectionHtml(section, where)).join("")}</nav>
</div>
</body>
</html>
`;
}

function aside({ headings }: Rendered): string {
  const shown = headings.filter(({ level }) => level === 2);
  if (shown.length < 2) return "";
  const items = shown.map(({ text, anchor }) => `<li><a href="#${escaped(anchor)}">${escaped(text)}</a></li>`);
  return `<nav class="on-page" aria-label="On this page">\n<h2>On this page</h2>\n<ul>${items.join("")}</ul>\n</nav>\n`;
}

function sectionHtml({ title, level, entries }: Section, { toRoot, here }: Where): string {
  const items = entries.map(({ title, source }) => {
    const current = source === here ? ' aria-current="page"' : "";
    return `<li><a href="${escaped(posix.join(toRoot, placeOf(source)))}"${current}>${escaped(title)}</a></li>`;
  });
  return `<h${level}>${escaped(title)}</h${level}>\n<ul>${items.join("")}</ul>\n`;
}
