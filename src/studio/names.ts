const CUT = "…";
/** Of what is kept of a text that is cut in its middle: names differ at their ends. */
const HEAD_SHARE = 0.4;
const LEAST_ROOM = 6;
const PARTS = /[^/.:]+[/.:]?|[/.:]/g;

/**
 * What to show of each name in a list: the whole where it has at most `room` characters; else the parts by which it
 * differs from the others, and of the rest what has room. No two different names are shown alike: one that cannot be told
 * apart in that room stays whole.
 */
export function distinctNames(names: readonly string[], room: number): ReadonlyMap<string, string> {
  const all = [...new Set(names)];
  const space = Math.max(LEAST_ROOM, Math.floor(room));
  const shown = new Map<string, string>();
  const tree = treeOf(all);
  for (const name of all) shown.set(name, name.length <= space ? name : cutMiddle(telling(name, tree, space), space));
  for (const cut of [cutStart, cutEnd, whole]) {
    for (const name of alike(shown)) shown.set(name, cut(name, space));
  }
  return shown;
}

/** The names that are cut to what another is shown as too. */
function alike(shown: ReadonlyMap<string, string>): readonly string[] {
  const counts = new Map<string, number>();
  for (const label of shown.values()) counts.set(label, (counts.get(label) ?? 0) + 1);
  return [...shown].filter(([name, label]) => label !== name && counts.get(label) !== 1).map(([name]) => name);
}

const whole = (name: string) => name;

/** What may follow a part of a name in the names of the list. */
type Tree = Map<string, Tree>;

const partsOf = (name: string) => name.match(PARTS) ?? [name];

function treeOf(names: readonly string[]): Tree {
  const tree: Tree = new Map();
  for (const name of names) {
    let at = tree;
    for (const part of partsOf(name)) {
      const next: Tree = at.get(part) ?? new Map();
      at.set(part, next);
      at = next;
    }
  }
  return tree;
}

/** The parts before which names part ways, and of the others, from the last one on, those that have room. */
function telling(name: string, tree: Tree, room: number): string {
  const parts = partsOf(name);
  const kept: boolean[] = [];
  let at = tree;
  for (const part of parts) {
    kept.push(at.size > 1);
    at = at.get(part)!;
  }
  let label = joined(parts, kept);
  for (let index = parts.length - 1; index >= 0; index--) {
    if (kept[index]) continue;
    const more = joined(parts, kept.with(index, true));
    if (more.length > room) continue;
    kept[index] = true;
    label = more;
  }
  // Of a name alone with one part, or with none that has room, nothing was kept.
  return label || name;
}

/** The parts kept, with a mark where others stood before or between them. */
function joined(parts: readonly string[], kept: readonly boolean[]): string {
  const last = kept.lastIndexOf(true);
  return parts
    .slice(0, last + 1)
    .map((part, index) => {
      if (!kept[index]) return kept[index - 1] === false ? "" : CUT;
      return kept[index + 1] === false ? part.replace(/[/.:]$/, "") : part;
    })
    .join("");
}

function cutMiddle(text: string, room: number): string {
  if (text.length <= room) return text;
  const head = Math.floor((room - 1) * HEAD_SHARE);
  return text.slice(0, head) + CUT + text.slice(text.length - (room - 1 - head));
}

function cutStart(text: string, room: number): string {
  return text.length <= room ? text : CUT + text.slice(text.length - (room - 1));
}

function cutEnd(text: string, room: number): string {
  return text.length <= room ? text : text.slice(0, room - 1) + CUT;
}
