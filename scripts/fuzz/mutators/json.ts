import type { Chance } from "../chance.ts";
import { HOSTILE_TEXTS, type Mutator } from "./mutator.ts";

const NUMBERS = [0, -1, 1, 0.5, 1e308, -1e308, 5e-324, 1e20, 2 ** 31, 2 ** 32, 2 ** 53, 16384, 1_000_000_000];

type Tree = Record<string, unknown> | unknown[];

function isTree(value: unknown): value is Tree {
  return typeof value === "object" && value !== null;
}

function trees(value: unknown, found: Tree[] = []): Tree[] {
  if (!isTree(value)) return found;
  found.push(value);
  for (const member of Object.values(value)) trees(member, found);
  return found;
}

function hostile(chance: Chance, all: readonly Tree[]): unknown {
  const way = chance.below(8);
  if (way < 3) return chance.pick(NUMBERS);
  if (way === 3) return chance.pick([...HOSTILE_TEXTS, "NaN", "Infinity", "-Infinity"]);
  if (way === 4) return chance.pick([null, true, false]);
  if (way === 5) return chance.pick([[], {}, [[]], [null]]);
  if (way === 6) return structuredClone(chance.pick(all));
  return Array.from({ length: 1 + chance.below(2000) }, () => chance.pick(NUMBERS));
}

function change(tree: Tree, chance: Chance, all: readonly Tree[]): void {
  const keys = Object.keys(tree);
  const members = tree as Record<string, unknown>;
  if (keys.length === 0) {
    if (Array.isArray(tree)) tree.push(hostile(chance, all));
    else members[chance.pick(HOSTILE_TEXTS)] = hostile(chance, all);
    return;
  }
  const [key, other] = [chance.pick(keys), chance.pick(keys)];
  const way = chance.below(10);
  if (way === 0 && Array.isArray(tree)) tree.splice(Number(key), 1);
  else if (way === 0) delete members[key];
  else if (way === 1 && Array.isArray(tree)) tree.push(structuredClone(tree[Number(key)]));
  else if (way === 1) {
    Object.defineProperty(members, chance.pick(HOSTILE_TEXTS), {
      value: structuredClone(members[key]),
      enumerable: true,
      configurable: true,
      writable: true,
    });
  } else if (way === 2) members[key] = structuredClone(members[other]);
  else if (way === 3 && typeof members[key] === "number") members[key] = -(members[key] as number);
  else if (way === 4 && typeof members[key] === "number") members[key] = (members[key] as number) * 1e6;
  else members[key] = hostile(chance, all);
}

/** A document whose members, at any depth, are changed, left out, doubled, or have another's value. */
export const mutateJson: Mutator = (bytes, chance) => {
  const document: unknown = JSON.parse(new TextDecoder().decode(bytes));
  for (let times = 1 + chance.below(3); times > 0; times--) {
    const all = trees(document);
    if (all.length === 0) break;
    change(chance.pick(all), chance, all);
  }
  return new TextEncoder().encode(JSON.stringify(document));
};

/** The same of one line of several. */
export const mutateJsonLines: Mutator = (bytes, chance, others) => {
  const lines = new TextDecoder().decode(bytes).trimEnd().split("\n");
  const at = chance.below(lines.length);
  lines[at] = new TextDecoder().decode(mutateJson(new TextEncoder().encode(lines[at]), chance, others));
  return new TextEncoder().encode(`${lines.join("\n")}\n`);
};
