import { type RefObject, useMemo } from "react";
import { useWidth } from "../charts/useWidth.ts";
import { distinctNames } from "../names.ts";

/** Shorter names always have room; their letters are not measured. */
const SHORT = 8;

/**
 * What to show of names in a part of an element that takes `share` of its width: no two different ones are shown alike. The whole name
 * is for a tooltip.
 */
export function useLabels(
  element: RefObject<HTMLElement | null>,
  names: readonly string[],
  share: number,
): (name: string) => string {
  const width = useWidth(element) * share;
  const labels = useMemo(
    () => (width > 0 ? distinctNames(names, width / widestCharacter(names)) : null),
    [names, width],
  );
  return (name) => labels?.get(name) ?? name;
}

/** Of the page's letters in the name where they are widest on average, pixels. */
function widestCharacter(names: readonly string[]): number {
  const pen = document.createElement("canvas").getContext("2d")!;
  pen.font = getComputedStyle(document.body).font;
  const long = names.filter(({ length }) => length > SHORT);
  return long.reduce((most, name) => Math.max(most, pen.measureText(name).width / name.length), 1);
}
