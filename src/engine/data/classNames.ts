import type { ClassList } from "./classLists.ts";

/**
 * What classes are called, by number, where samples are labelled by their folders: as in a list of all of the model's classes,
 * and by folders whose names are more than numbers. `numbers` has the class of each folder; `classes` are the model's, null where that is not known.
 */
export function classNames(
  numbers: ReadonlyMap<string, number>,
  lists: readonly ClassList[],
  classes: number | null,
): ReadonlyMap<number, string> {
  const whole = lists.find(({ names }) => classes === null || names.length === classes);
  const names = new Map(whole?.names.entries());
  for (const [folder, label] of numbers) if (!/^\d+$/.test(folder)) names.set(label, folder);
  return names;
}
