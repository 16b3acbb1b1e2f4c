import type { ModelSummary } from "../../engine/model/summary.ts";
import { useProject } from "../state/useStudio.ts";
import { GraphPane } from "./GraphPane.tsx";
import { Legend } from "./Legend.tsx";
import { useColours, useFloatGraph } from "./useFloatGraph.ts";
import { useFocus } from "./useFocus.ts";
import "./Graph.css";

/** The open model's layers as a graph, top to bottom. */
export default function GraphView() {
  const plan = useProject((project) => project.model?.plan ?? null);
  return plan ? <PlanGraph plan={plan} /> : null;
}

function PlanGraph({ plan }: { readonly plan: ModelSummary }) {
  const { parts, failure, ...graph } = useFloatGraph(plan);
  const focusing = useFocus();
  const { scale } = useColours();
  return (
    <div className="graph">
      {parts ? (
        <GraphPane of="float" label="Layers as a graph" {...graph} parts={parts} focusing={focusing} />
      ) : failure ? (
        <p className="graph-note" role="alert">
          The blocks of the graph could not be found: {failure}.
        </p>
      ) : (
        <div className="skeleton fill" />
      )}
      <Legend scale={scale} />
    </div>
  );
}
