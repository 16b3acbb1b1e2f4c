import { useEffect, useState } from "react";
import { startLayout } from "../../../workers/client.ts";
import type { Part } from "../../../workers/protocol.ts";
import { blocksRequest, type Topology } from "./topology.ts";

let last: { readonly key: string; readonly parts: readonly Part[] } | null = null;

/** The blocks of a graph, found once by a worker that ends with it; null until they are. */
export function useBlocks(topology: Topology) {
  const { key } = topology;
  const [found, setFound] = useState(last);
  const [failure, setFailure] = useState<string | null>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the key stands for the graph
  useEffect(() => {
    setFailure(null);
    if (last?.key === key) return setFound(last);
    const worker = startLayout();
    let wanted = true;
    worker
      .call((api) => api.blocks(blocksRequest(topology)))
      .then(
        (parts) => {
          last = { key, parts };
          if (wanted) setFound(last);
        },
        (error: Error) => wanted && setFailure(error.message),
      )
      .finally(() => worker.terminate("done"));
    return () => {
      wanted = false;
      worker.terminate("no longer wanted");
    };
  }, [key]);
  return { parts: found?.key === key ? found.parts : null, failure };
}
