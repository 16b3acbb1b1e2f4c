import { type RefObject, useMemo } from "react";
import { useWidth } from "../charts/useWidth.ts";
import { distinctNames } from "../names.ts";

/** Of a name, pixels. */
const CHARACTER = 8;

/**
 * What to show of names in a part of an element that takes `share` of its width: no two different ones are shown alike. The whole name
 * is for a tooltip.
 */
export function useLabels(
  element: RefObject<HTMLElement | null>,
  names: readonly string[],
  share: number,
): (name: string) => string {
  const room = Math.floor((useWidth(element) * share) / CHARACTER);
  const labels = useMemo(() => (room > 0 ? distinctNames(names, room) : null), [names, room]);
  return (name) => labels?.get(name) ?? name;
}
