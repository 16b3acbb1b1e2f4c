import { type RefObject, useMemo } from "react";
import { useWidth } from "../charts/useWidth.ts";
import { distinctNames } from "../names.ts";

/** Shorter names always have room; their letters are not measured. */
const SHORT = 8;
const TRIES = 6;

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
  const labels = useMemo(() => (width > 0 ? fitting(names, width) : null), [names, width]);
  return (name) => labels?.get(name) ?? name;
}

/** Names for a width in pixels: with fewer letters until those that were cut fit, since what is left of a name may have wider ones. */
function fitting(names: readonly string[], width: number): ReadonlyMap<string, string> {
  const pen = document.createElement("canvas").getContext("2d")!;
  const { fontSize, fontFamily } = getComputedStyle(document.body);
  pen.font = `${fontSize} ${fontFamily}`;
  const widest = (texts: readonly string[], of: (text: string, pixels: number) => number) =>
    texts.reduce((most, text) => Math.max(most, of(text, pen.measureText(text).width)), 1);

  const long = names.filter(({ length }) => length > SHORT);
  let room = width / widest(long, ({ length }, pixels) => pixels / length);
  let labels = distinctNames(names, room);
  for (let tries = 0; tries < TRIES; tries++) {
    const held = [...labels.values()].filter(({ length }) => length <= Math.max(room, SHORT));
    const most = widest(held, (_, pixels) => pixels);
    if (most <= width || room <= SHORT) break;
    room *= width / most;
    labels = distinctNames(names, room);
  }
  return labels;
}
