import { useEffect, useRef, useState } from "react";
import { belongsToControl, undoing } from "../../keys.ts";
import { evaluate } from "../../state/evaluate.ts";
import { nextMethod, nudgeHandle } from "../../state/handles.ts";
import { selected, setQuantized } from "../../state/recipe.ts";
import { selectBy } from "../../state/selection.ts";
import { measureSensitivity } from "../../state/sensitivity.ts";
import { actions } from "../../state/store.ts";

/** The studio's keys; the list of keys is open or not. */
export function useKeys(focusFilter: () => void) {
  const [help, setHelp] = useState(false);
  const focus = useRef(focusFilter);
  focus.current = focusFilter;
  useEffect(() => {
    const keys: Readonly<Record<string, () => void>> = {
      ArrowUp: () => selectBy(-1),
      ArrowDown: () => selectBy(1),
      "1": () => quantizeSelected(true),
      "2": () => quantizeSelected(false),
      m: () => void nextMethod(),
      "[": () => void nudgeHandle("low", -1),
      "]": () => void nudgeHandle("low", 1),
      "{": () => void nudgeHandle("high", -1),
      "}": () => void nudgeHandle("high", 1),
      z: actions.recipeUndone,
      Z: actions.recipeRedone,
      "/": () => focus.current(),
      g: actions.layersViewToggled,
      w: () => actions.layersViewChosen("wide"),
      e: () => void evaluate(),
      s: () => void measureSensitivity(),
      "?": () => setHelp(true),
    };
    const onKeyDown = (event: KeyboardEvent) => {
      const way = undoing(event);
      if (way) {
        event.preventDefault();
        return way === "undo" ? actions.recipeUndone() : actions.recipeRedone();
      }
      if (belongsToControl(event)) return;
      const act = keys[event.key];
      if (!act) return;
      event.preventDefault();
      act();
    };
    window.addEventListener("keydown", onKeyDown);
    return () => window.removeEventListener("keydown", onKeyDown);
  }, []);
  return { help, setHelp };
}

function quantizeSelected(quantized: boolean): void {
  const { row } = selected();
  if (row?.free) setQuantized(row.id, quantized);
}
