import { useMemo, useState } from "react";
import type { NodeOf } from "../state/nodes.ts";
import { useView } from "../state/useStudio.ts";

/** What is looked at in a graph where it is not the selected layer itself: a block, an output, a node that quantizing added. */
export interface Focus {
  readonly of: NodeOf;
  readonly id: string;
}

/** What is looked at, until another layer is selected. */
export function useFocus() {
  const layer = useView((view) => view.layer);
  const [held, setHeld] = useState<{ readonly focus: Focus | null; readonly layer: string | null } | null>(null);
  const focus = held?.layer === layer ? held.focus : null;
  return useMemo(
    () => ({
      focus,
      /** `of` the layer that is selected with it, or from now on. */
      setFocus: (focus: Focus | null, selected: string | null = layer) => setHeld({ focus, layer: selected }),
    }),
    [focus, layer],
  );
}

export type Focusing = ReturnType<typeof useFocus>;
