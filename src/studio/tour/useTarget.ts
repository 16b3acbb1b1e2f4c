import { useEffect, useState } from "react";
import type { Pane } from "../state/slices/view.ts";
import { actions } from "../state/store.ts";

const LOOK_AGAIN_MS = 150;

/** The first element there is that a selector fits, looked for again and again; it is marked and scrolled into sight. */
export function useTarget(selectors: readonly string[]): Element | null {
  const [target, setTarget] = useState<Element | null>(null);
  const key = selectors.join("\n");
  useEffect(() => {
    const look = () => {
      const found = key.split("\n").flatMap((selector) => document.querySelector(selector) ?? []);
      const visible = found.find((element) => element.checkVisibility());
      setTarget(visible ?? null);
      if (!visible) openPane(found);
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

/** Where the parts stand one at a time, what is looked for may be in another one. */
function openPane(found: readonly Element[]): void {
  const hidden = found.map((element) => element.closest<HTMLElement>("[data-pane][hidden]")).find((pane) => pane);
  if (hidden) actions.paneChosen(hidden.dataset.pane as Pane);
}
