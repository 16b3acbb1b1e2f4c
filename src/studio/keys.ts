export interface Key {
  readonly keys: string;
  readonly does: string;
}

/** The list that "?" shows. */
export const KEYS: readonly Key[] = [
  { keys: "↑ ↓", does: "previous or next layer" },
  { keys: "1", does: "quantize the selected layer" },
  { keys: "2", does: "leave the selected layer in float" },
  { keys: "m", does: "next method for the selected tensor" },
  { keys: "[ ]", does: "move the low handle down or up" },
  { keys: "{ }", does: "move the high handle down or up" },
  { keys: "z", does: "undo, as does ctrl z or ⌘ z" },
  { keys: "shift z", does: "redo, as does ctrl shift z, ctrl y or ⌘ shift z" },
  { keys: "/", does: "filter the layers" },
  { keys: "g", does: "layers as a list or a graph" },
  { keys: "w", does: "the graph over the whole width" },
  { keys: "↑ ↓ ← →", does: "in the graph: producer, consumer, siblings" },
  { keys: "+ - 0", does: "in the graph: zoom in, out, fit" },
  { keys: "enter", does: "in the graph: open the selected block, or zoom to the selected layer" },
  { keys: "backspace", does: "in the graph: close the block around what is selected" },
  { keys: "← →", does: "from one explained word to the next" },
  { keys: "e", does: "evaluate" },
  { keys: "s", does: "measure every layer’s sensitivity" },
  { keys: "?", does: "this list" },
];

/** Whether a key press belongs to the control it happened in rather than to the studio. */
export function belongsToControl(event: KeyboardEvent): boolean {
  return event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || isInControl(event);
}

/** The keys that undo and redo everywhere, but in fields, where they undo typing; null for any other press. */
export function undoing(event: KeyboardEvent): "undo" | "redo" | null {
  const { key, ctrlKey, metaKey, shiftKey, altKey, defaultPrevented } = event;
  if (ctrlKey === metaKey || altKey || defaultPrevented || isInControl(event)) return null;
  if (key.toLowerCase() === "z") return shiftKey ? "redo" : "undo";
  return key === "y" && ctrlKey ? "redo" : null;
}

function isInControl(event: KeyboardEvent): boolean {
  const target = event.target as HTMLElement | null;
  if (!target?.closest) return false;
  if (target.closest("input:not([type=checkbox]), textarea, select, [role=dialog], [role=alertdialog], [role=menu]"))
    return true;
  const arrows = event.key === "ArrowUp" || event.key === "ArrowDown";
  return arrows && target.closest("[role=slider], [role=separator], [role=radiogroup]") !== null;
}
