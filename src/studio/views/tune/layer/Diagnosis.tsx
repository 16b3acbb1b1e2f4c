import { useMemo } from "react";
import { plural } from "../../../../engine/values/figures.ts";
import { appliedFindings, diagnosisIsStale, layersOf } from "../../../state/diagnosis.ts";
import type { Row } from "../../../state/layers.ts";
import { allRows } from "../../../state/selection.ts";
import { useProject, useResults, useStudio } from "../../../state/useStudio.ts";
import { DiagnosisFinding } from "./DiagnosisFinding.tsx";
import { DiagnosisList } from "./DiagnosisList.tsx";
import "./Diagnosis.css";

const HEADING = "diagnosis-heading";

/** What was found in all layers, worst first, and what of it is in the selected one. */
function useFindings(row: Row) {
  const diagnosis = useResults((results) => results.diagnosis);
  const applied = useResults((results) => results.applied);
  const recipe = useProject((project) => project.recipe?.present);
  const rows = useStudio(allRows);
  const found = useMemo(() => {
    const done = recipe ? appliedFindings({ applied, diagnosis }, recipe) : [];
    return [...(diagnosis?.findings ?? []), ...done].sort((a, b) => b.loss - a.loss);
  }, [applied, recipe, diagnosis]);
  const own = useMemo(() => {
    const layers = layersOf(row, rows);
    return found.filter(({ layer }) => layers.has(layer));
  }, [found, row, rows]);
  return { diagnosis, rows, found, own };
}

/** How much was found in the selected layer, beside its name: the findings lie below the chart, which then stays in place. */
export function FindingsBadge({ row }: { readonly row: Row }) {
  const { own } = useFindings(row);
  if (own.length === 0) return null;
  return (
    <button
      type="button"
      className="badge badge-warning findings-badge"
      onClick={() => document.getElementById(HEADING)?.scrollIntoView({ block: "start" })}
    >
      {plural(own.length, "finding")} ↓
    </button>
  );
}

/** Why the selected layer loses and what to do, and in one line what hurts most in all. */
export function Diagnosis({ row }: { readonly row: Row }) {
  const { diagnosis, rows, found, own } = useFindings(row);
  const large = useProject((project) => project.model?.large);
  const stale = useStudio(diagnosisIsStale);
  if (large) {
    return (
      <p className="muted small">
        Not looked for in a model that is larger than what a tab holds: the report tells the error of each weight.
      </p>
    );
  }
  if (!diagnosis) return <p className="muted small">Looking for what hurts…</p>;
  return (
    <section
      className={stale ? "diagnosis stale" : "diagnosis"}
      aria-labelledby={HEADING}
      data-testid="diagnosis"
      data-standing={stale ? "stale" : "current"}
    >
      <div className="tune-head">
        <h3 id={HEADING}>Diagnosis</h3>
        <span className="muted">
          {own.length === 0 ? "Nothing stands out in this layer." : `${plural(own.length, "finding")} in this layer`}
        </span>
        {stale ? <span className="hint">stale</span> : null}
      </div>
      {own.length > 0 ? (
        <ul className="findings">
          {own.map((finding) => (
            <DiagnosisFinding
              key={JSON.stringify([finding.layer, finding.cause, finding.remedy?.edit])}
              finding={finding}
            />
          ))}
        </ul>
      ) : null}
      <DiagnosisList findings={found} current={diagnosis.findings} rows={rows} />
    </section>
  );
}
