import type { ClassList } from "./classLists.ts";

/**
 * What classes are called, by number, where samples are labelled by their folders: as in a list of all of the model's classes,
 * and by folders whose names are more than numbers. `classes` are the model's, null where that is not known.
 */
export function classNames(
  labels: readonly (number | null)[],
  folders: readonly (string | null)[],
  lists: readonly ClassList[],
  classes: number | null,
): ReadonlyMap<number, string> {
  const whole = lists.find(({ names }) => classes === null || names.length === classes);
  const names = new Map(whole?.names.entries());
  for (const [at, label] of labels.entries()) {
    const folder = folders[at] ?? null;
    if (label !== null && folder !== null && !/^\d+$/.test(folder)) names.set(label, folder);
  }
  return names;
}
