import MiniSearch from "minisearch";

/** What stands under one heading of a page. */
export interface SearchSection {
  /** Title of the page, and the part of the site that it is in. */
  readonly page: string;
  readonly kind: string;
  readonly heading: string;
  /** Where it is, from the folder of the site. */
  readonly anchor: string;
  readonly text: string;
}

export interface Found {
  readonly section: SearchSection;
  /** The words around the first that was looked for, cut at spaces. */
  readonly excerpt: string;
}

const AROUND = 60;

/** Finds sections by words, their beginnings, and near misses; titles count more than text. */
export function searchOver(sections: readonly SearchSection[]): (query: string, most: number) => readonly Found[] {
  const index = new MiniSearch<SearchSection & { id: number }>({
    fields: ["page", "heading", "text"],
    searchOptions: {
      boost: { page: 3, heading: 4 },
      prefix: (_, i, terms) => i === terms.length - 1,
      fuzzy: (term) => (term.length > 4 ? 0.2 : false),
      combineWith: "AND",
    },
  });
  index.addAll(sections.map((section, id) => ({ ...section, id })));
  return (query, most) =>
    index
      .search(query)
      .slice(0, most)
      .map(({ id, terms }) => {
        const section = sections[id]!;
        return { section, excerpt: excerptOf(section.text, terms) };
      });
}

function excerptOf(text: string, terms: readonly string[]): string {
  const words = text.replaceAll(/\s+/g, " ").trim();
  const lower = words.toLowerCase();
  const places = terms.map((term) => lower.indexOf(term)).filter((place) => place >= 0);
  const at = places.length > 0 ? Math.min(...places) : 0;
  const start = at <= AROUND ? 0 : words.indexOf(" ", at - AROUND) + 1;
  const end = at + 2 * AROUND >= words.length ? words.length : words.lastIndexOf(" ", at + 2 * AROUND);
  return `${start > 0 ? "… " : ""}${words.slice(start, end)}${end < words.length ? " …" : ""}`;
}
