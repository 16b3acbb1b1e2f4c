import { useMemo } from "react";
import { allRows } from "../../state/selection.ts";
import { useStudio } from "../../state/useStudio.ts";

/** What the list calls each layer and input, by id. */
export function useLayerNames(): ReadonlyMap<string, string> {
  const rows = useStudio(allRows);
  return useMemo(() => new Map(rows.map(({ id, name }) => [id, name])), [rows]);
}
