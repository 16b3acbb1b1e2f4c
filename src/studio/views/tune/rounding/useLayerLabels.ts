import { useMemo, useRef } from "react";
import { useLabels } from "../../../parts/useLabels.ts";
import { useLayerNames } from "../useLayerNames.ts";

/** A table of layers, and what it calls each by its id, where names take `share` of it at most. */
export function useLayerLabels(layers: readonly { readonly layer: string }[], share: number) {
  const names = useLayerNames();
  const table = useRef<HTMLTableElement>(null);
  const shown = useMemo(() => layers.map(({ layer }) => names.get(layer) ?? layer), [layers, names]);
  const labelOf = useLabels(table, shown, share);
  return { table, labelOf: (layer: string) => labelOf(names.get(layer) ?? layer) };
}
