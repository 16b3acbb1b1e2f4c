import { useEffect, useState } from "react";
import { startLayout } from "../../../workers/client.ts";
import type { GraphLayout } from "../../../workers/protocol.ts";
import type { Topology } from "./topology.ts";

/** The size of a node, in the unit of the layout: CSS pixels at a zoom of 1. */
export const BOX = { width: 164, height: 38 };

export interface Laid {
  readonly topology: Topology;
  readonly layout: GraphLayout;
}

let last: Laid | null = null;

/**
 * The layout of a graph, made once by a worker of its own that ends with it. While a new one is made, and when that
 * fails, `laid` is the one before.
 */
export function useLayout(topology: Topology) {
  const [laid, setLaid] = useState(last);
  const [failure, setFailure] = useState<string | null>(null);
  const [attempt, setAttempt] = useState(0);
  const { key } = topology;
  // biome-ignore lint/correctness/useExhaustiveDependencies: the key stands for the graph, an attempt repeats it
  useEffect(() => {
    setFailure(null);
    if (last?.topology.key === key) return setLaid(last);
    const worker = startLayout();
    let wanted = true;
    const { nodes, edges } = topology;
    worker
      .call((api) => api.layout({ boxes: nodes.length, edges, box: BOX }))
      .then(
        (layout) => {
          last = { topology, layout };
          if (wanted) setLaid(last);
        },
        (error: Error) => wanted && setFailure(error.message),
      )
      .finally(() => worker.terminate("done"));
    return () => {
      wanted = false;
      worker.terminate("no longer wanted");
    };
  }, [key, attempt]);
  return { laid, current: laid?.topology.key === key, failure, retry: () => setAttempt(attempt + 1) };
}
