import { useEffect, useState } from "react";
import type { BesideGraph } from "../../engine/model/modelGraph.ts";
import { besideGraphNow } from "../state/nodes.ts";
import { useProject } from "../state/useStudio.ts";

/** The graph of the quantized file that was read beside the model; null until it is there. */
export function useBesideGraph() {
  const file = useProject((project) => project.besideFile);
  const [graph, setGraph] = useState<BesideGraph | null>(null);
  const [failure, setFailure] = useState<string | null>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another file has another graph
  useEffect(() => {
    let wanted = true;
    besideGraphNow().then(
      (found) => wanted && setGraph(found),
      (error: Error) => wanted && setFailure(error.message),
    );
    return () => {
      wanted = false;
    };
  }, [file]);
  return { graph, failure, file };
}
