import { useMemo } from "react";
import type { ModelSummary } from "../../engine/model/summary.ts";
import { useProject } from "../state/useStudio.ts";
import { GraphCanvas } from "./GraphCanvas.tsx";
import { topologyOf } from "./topology.ts";
import { useLayout } from "./useLayout.ts";
import "./Graph.css";

/** The open model's layers as a graph, top to bottom. */
export default function GraphView() {
  const plan = useProject((project) => project.model?.plan ?? null);
  return plan ? <PlanGraph plan={plan} /> : null;
}

function PlanGraph({ plan }: { readonly plan: ModelSummary }) {
  const topology = useMemo(() => topologyOf(plan), [plan]);
  const { laid, current, failure, retry } = useLayout(topology);
  return (
    <div className="graph" data-testid="graph" data-current={current}>
      {laid ? <GraphCanvas laid={laid} /> : failure ? null : <div className="skeleton fill" />}
      {failure ? (
        <div className="graph-note" role="alert">
          <p>The graph could not be laid out: {failure}.</p>
          <button type="button" className="button" onClick={retry}>
            Try again
          </button>
        </div>
      ) : current ? null : (
        <p className="graph-note" role="status">
          Laying out {topology.nodes.length} nodes…
        </p>
      )}
    </div>
  );
}
