import { type RefObject, useEffect, useState } from "react";
import { useTheme } from "../theme.ts";
import { type Ink, inkOf } from "./ink.ts";

/** The colours of an element under the theme of the moment; null before it is in the page. */
export function useInk(element: RefObject<HTMLElement | null>): Ink | null {
  const theme = useTheme((state) => state.theme);
  const [ink, setInk] = useState<Ink | null>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another theme gives other colours
  useEffect(() => {
    const read = () => element.current && setInk(inkOf(element.current));
    const dark = window.matchMedia("(prefers-color-scheme: dark)");
    read();
    dark.addEventListener("change", read);
    return () => dark.removeEventListener("change", read);
  }, [element, theme]);
  return ink;
}
