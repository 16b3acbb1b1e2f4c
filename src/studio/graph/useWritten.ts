import { useEffect, useState } from "react";
import type { WrittenGraph } from "../../engine/model/modelGraph.ts";
import { writtenGraphNow } from "../state/nodes.ts";
import { useProject } from "../state/useStudio.ts";

/** The graph of the model that would be exported under the recipe of the moment; while a new one is made, the one before. */
export function useWritten() {
  const recipe = useProject((project) => project.recipe?.present);
  const calibration = useProject((project) => project.calibration);
  const [written, setWritten] = useState<WrittenGraph | null>(null);
  const [failure, setFailure] = useState<string | null>(null);
  useEffect(() => {
    if (!recipe || !calibration) return setWritten(null);
    let wanted = true;
    setFailure(null);
    writtenGraphNow().then(
      (graph) => wanted && setWritten(graph),
      (error: Error) => wanted && setFailure(error.message),
    );
    return () => {
      wanted = false;
    };
  }, [recipe, calibration]);
  const waiting = calibration ? "Quantizing for a look…" : "The quantized model is there once the model is calibrated.";
  return { written: calibration ? written : null, waiting, failure };
}
