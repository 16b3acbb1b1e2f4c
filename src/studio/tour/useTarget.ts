import { useEffect, useState } from "react";

const LOOK_AGAIN_MS = 150;

/** The first element there is that a selector fits, looked for again and again; it is marked and scrolled into sight. */
export function useTarget(selectors: readonly string[]): Element | null {
  const [target, setTarget] = useState<Element | null>(null);
  const key = selectors.join("\n");
  useEffect(() => {
    const look = () => {
      const found = key.split("\n").flatMap((selector) => document.querySelector(selector) ?? []);
      setTarget(found.find((element) => element.checkVisibility()) ?? null);
    };
    look();
    const timer = setInterval(look, LOOK_AGAIN_MS);
    return () => clearInterval(timer);
  }, [key]);
  useEffect(() => {
    if (!target) return;
    target.setAttribute("data-toured", "");
    target.scrollIntoView({ block: "nearest", inline: "nearest" });
    return () => target.removeAttribute("data-toured");
  }, [target]);
  return target;
}
