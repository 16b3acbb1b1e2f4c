import type { Notice } from "../model/job.ts";
import { count, firstOf } from "../values/figures.ts";
import type { SampleFile } from "./arrange.ts";
import type { ClassList } from "./classLists.ts";
import { countOf } from "./columns.ts";
import { classFolders, holderOf } from "./folders.ts";
import { LabelList } from "./labelList.ts";
import type { Labels } from "./labels.ts";

/** WordNet's names of ImageNet's classes, which lists have before words. */
const SYNSET = /^n\d{8}(?=\s|$)/;
const WAYS_OUT =
  "name the folders by the numbers of their classes, or give a list of all class names (classes.txt), or labels as .csv.";

export interface FolderLabels extends Labels {
  /** The class of each folder; empty where folders give no labels. */
  readonly numbers: ReadonlyMap<string, number>;
}

const NONE: FolderLabels = { labels: null, numbers: new Map(), notices: [] };

interface Numbering {
  readonly numbers: ReadonlyMap<string, number>;
  /** How a notice ends that tells of it. */
  readonly by: string;
}

/**
 * The labels of samples whose files lie in one folder a class: the folder's name where all are numbers, else its place in a list that is
 * given of class names, else that among the folders by name, as torchvision's ImageFolder has it, where the model has as many classes.
 * `classes` are those of the model's scores: 0 where it has none, null where that is not known.
 */
export function folderLabels(
  files: readonly Pick<SampleFile, "path" | "count">[],
  lists: readonly ClassList[],
  classes: number | null,
): FolderLabels {
  const paths = files.map(({ path }) => path);
  const folders = classFolders(paths);
  const names = sortedNames(folders);
  const subject = holderOf(paths) || (paths[0] ?? "");
  const none = (message: string): FolderLabels => ({
    ...NONE,
    notices: [{ kind: "warning", subject, message }],
  });
  if (names.length < 2 || classes === 0 || folders.includes(null)) return NONE;

  const found = numbersOf(names) ?? listed(names, lists);
  if (typeof found === "string") return none(found);
  if (!found && names.length !== classes) {
    const held = classes === null ? "does not say how many classes it has" : `has ${classesText(classes)}`;
    return none(
      `The samples lie in ${count(names.length)} folders (${firstOf(names)}), and the model ${held}: which folder is which class is not known, so that they give no labels; ${WAYS_OUT}`,
    );
  }
  const { numbers, by } = found ?? { numbers: placesOf(names), by: "numbered in the order of their names" };
  const beyond = names.find((name) => classes !== null && numbers.get(name)! >= classes);
  if (beyond !== undefined) {
    return none(
      `The folder "${beyond}" would be class ${numbers.get(beyond)} of a model that has ${classesText(classes!)}, so that folders give no labels; ${WAYS_OUT}`,
    );
  }
  const notice: Notice = {
    kind: "info",
    subject,
    message: `${count(names.length)} classes by folder, ${by}: ${firstOf(names.toSorted((a, b) => numbers.get(a)! - numbers.get(b)!))}.`,
  };
  const labels = new LabelList(countOf(files));
  let first = 0;
  for (const [i, { count: samples }] of files.entries()) {
    labels.set(numbers.get(folders[i]!)!, first, first + samples);
    first += samples;
  }
  return { labels, numbers, notices: [notice] };
}

/** By code point, as Python sorts. */
function sortedNames(folders: readonly (string | null)[]): string[] {
  const points = (name: string) => Array.from(name, (character) => character.codePointAt(0)!);
  return [...new Set(folders)]
    .filter((folder) => folder !== null)
    .map((name) => ({ name, key: points(name) }))
    .sort(({ key: a }, { key: b }) => {
      const at = a.findIndex((point, i) => point !== b[i]);
      return at < 0 ? a.length - b.length : a[at]! - (b[at] ?? -1);
    })
    .map(({ name }) => name);
}

function placesOf(names: readonly string[]): Map<string, number> {
  return new Map(names.map((name, i) => [name, i]));
}

function numbersOf(names: readonly string[]): Numbering | null {
  if (!names.every((name) => /^\d{1,9}$/.test(name))) return null;
  return { numbers: new Map(names.map((name) => [name, Number(name)])), by: "whose names are their numbers" };
}

/** By the lists that are given; null where there is none, and a sentence where they do not tell. */
function listed(names: readonly string[], lists: readonly ClassList[]): Numbering | string | null {
  const told = lists.map((list) => ({ list, numbers: placesIn(list, names) }));
  const whole = told.filter(({ numbers }) => names.every((name) => numbers.has(name)));
  const [first, second] = [whole[0], whole.find(({ numbers }) => !sameNumbers(numbers, whole[0]!.numbers, names))];
  if (first && second) {
    return `${first.list.path} and ${second.list.path} number the folders otherwise, so that these give no labels; leave one of the two out.`;
  }
  if (first) return { numbers: first.numbers, by: `numbered as in ${first.list.path}` };
  const [other] = told;
  if (!other) return null;
  const missing = names.find((name) => !other.numbers.has(name));
  return `The folder "${missing}" is not among the ${count(other.list.names.length)} names of ${other.list.path}, or is there twice, so that folders give no labels; mend the list, or leave it out.`;
}

/** Where a list has the names, of those that it has once. */
function placesIn({ names }: ClassList, wanted: readonly string[]): Map<string, number> {
  const places = new Map<string, number[]>();
  names.forEach((name, i) => {
    for (const form of new Set([name, name.replaceAll(" ", "_"), SYNSET.exec(name)?.[0] ?? name])) {
      places.set(form, [...(places.get(form) ?? []), i]);
    }
  });
  return new Map(
    wanted.flatMap((name): [string, number][] => {
      const [at, ...others] = places.get(name) ?? [];
      return at === undefined || others.length > 0 ? [] : [[name, at]];
    }),
  );
}

function sameNumbers(
  a: ReadonlyMap<string, number>,
  b: ReadonlyMap<string, number>,
  names: readonly string[],
): boolean {
  return names.every((name) => a.get(name) === b.get(name));
}

function classesText(classes: number): string {
  return classes === 1 ? "1 class" : `${count(classes)} classes`;
}
