import { useEffect, useState } from "react";
import { startLayout } from "../../../workers/client.ts";
import type { GraphLayout } from "../../../workers/protocol.ts";
import type { Shown } from "./shown.ts";

/** The size of a node, in the unit of the layout: CSS pixels at a zoom of 1. */
export const BOX = { width: 164, height: 38 };

export interface Laid {
  readonly shown: Shown;
  readonly layout: GraphLayout;
}

/** What was laid out last, the newest first. */
let recent: readonly Laid[] = [];
const MOST_RECENT = 6;

function known(key: string): Laid | null {
  return recent.find(({ shown }) => shown.topology.key === key) ?? null;
}

/**
 * The layout of a graph, made once by a worker of its own that ends with it. While a new one is made, and when that
 * fails, `laid` is the one before.
 */
export function useLayout(shown: Shown) {
  const { key } = shown.topology;
  const [laid, setLaid] = useState(() => known(key));
  const [failure, setFailure] = useState<string | null>(null);
  const [attempt, setAttempt] = useState(0);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the key stands for the graph, an attempt repeats it
  useEffect(() => {
    setFailure(null);
    const before = known(key);
    if (before) return setLaid(before);
    const worker = startLayout();
    let wanted = true;
    const { nodes, edges } = shown.topology;
    worker
      .call((api) => api.layout({ boxes: nodes.length, edges, box: BOX }))
      .then(
        (layout) => {
          const made = { shown, layout };
          recent = [made, ...recent].slice(0, MOST_RECENT);
          if (wanted) setLaid(made);
        },
        (error: Error) => wanted && setFailure(error.message),
      )
      .finally(() => worker.terminate("done"));
    return () => {
      wanted = false;
      worker.terminate("no longer wanted");
    };
  }, [key, attempt]);
  return { laid, current: laid?.shown.topology.key === key, failure, retry: () => setAttempt(attempt + 1) };
}
