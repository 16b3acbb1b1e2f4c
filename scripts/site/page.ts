import "./page.css";
import { type Found, type SearchSection, searchOver } from "./search.ts";

const MOST = 12;

// As the studio keeps it (src/studio/theme.ts).
const theme = localStorage.getItem("octet-theme");
if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;

const root = `${document.documentElement.dataset.root}/`;

function start(): void {
  const box = document.querySelector("search")!;
  const input = box.querySelector("input")!;
  const list = document.getElementById("found")!;
  box.hidden = false;
  document.querySelector("#contents [aria-current]")?.scrollIntoView({ block: "nearest" });

  let finder: Promise<(query: string, most: number) => readonly Found[]> | null = null;
  const load = () => {
    finder ??= fetch(`${root}search.json`)
      .then((response) => response.json())
      .then((sections: SearchSection[]) => searchOver(sections));
    return finder;
  };
  const close = () => {
    list.hidden = true;
  };
  const search = async () => {
    const query = input.value.trim();
    if (query === "") return close();
    try {
      const found = (await load())(query, MOST);
      if (query === input.value.trim()) list.replaceChildren(...results(found, query));
    } catch {
      finder = null;
      list.replaceChildren(line("What can be searched could not be loaded: there is no network."));
    }
    list.hidden = false;
  };

  input.addEventListener("focus", () => void load().catch(() => undefined));
  input.addEventListener("input", () => void search());
  box.addEventListener("keydown", (event) => {
    const links = [...list.querySelectorAll("a")];
    const at = links.indexOf(document.activeElement as HTMLAnchorElement);
    if (event.key === "Escape") {
      close();
      input.focus();
    } else if (event.key === "ArrowDown") (links[at + 1] ?? links[0])?.focus();
    else if (event.key === "ArrowUp") (at <= 0 ? input : links[at - 1]!).focus();
    else if (event.key === "Enter" && at < 0) links[0]?.click();
    else return;
    event.preventDefault();
  });
  box.addEventListener("focusout", ({ relatedTarget }) => {
    if (!box.contains(relatedTarget as Node | null)) close();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "/" || event.ctrlKey || event.metaKey || event.target === input) return;
    event.preventDefault();
    input.focus();
  });
}

function results(found: readonly Found[], query: string): Node[] {
  if (found.length === 0) return [line(`Nothing has all of "${query}".`)];
  const list = document.createElement("ol");
  list.append(...found.map(result));
  return [list];
}

function result({ section, excerpt }: Found): HTMLElement {
  const link = document.createElement("a");
  link.href = root + section.anchor;
  const where = section.heading === section.page ? section.page : `${section.page}: ${section.heading}`;
  link.append(part("found-title", where), part("found-kind", section.kind), part("found-text", excerpt));
  const item = document.createElement("li");
  item.append(link);
  return item;
}

function part(name: string, text: string): HTMLElement {
  const span = document.createElement("span");
  span.className = name;
  span.textContent = text;
  return span;
}

function line(text: string): HTMLElement {
  const paragraph = document.createElement("p");
  paragraph.setAttribute("role", "status");
  paragraph.textContent = text;
  return paragraph;
}

start();
