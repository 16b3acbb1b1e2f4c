import { useMemo } from "react";
import type { Culprits } from "../../../../engine/model/culprit.ts";
import { plural } from "../../../../engine/values/figures.ts";
import { appliedFindings, diagnosisIsStale, layersOf } from "../../../state/diagnosis.ts";
import type { Row } from "../../../state/layers.ts";
import { allRows } from "../../../state/selection.ts";
import { useProject, useResults, useStudio } from "../../../state/useStudio.ts";
import { DiagnosisFinding } from "./DiagnosisFinding.tsx";
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
  return { diagnosis, rows, own };
}

/** Where the selected layer stands among the culprits, beside its name: what is known of it lies below the chart, which then stays in place. */
export function CulpritBadge({ row }: { readonly row: Row }) {
  const { diagnosis, rows, own } = useFindings(row);
  const found = diagnosis && culpritAmong(diagnosis.culprits, layersOf(row, rows));
  if (!found) return own.length > 0 ? <ToFindings text={plural(own.length, "finding")} /> : null;
  return <ToFindings text={`culprit ${found.place} of ${diagnosis.culprits.list.length}`} />;
}

function ToFindings({ text }: { readonly text: string }) {
  return (
    <button
      type="button"
      className="badge badge-warning findings-badge"
      onClick={() => document.getElementById(HEADING)?.scrollIntoView({ block: "start" })}
    >
      {text} ↓
    </button>
  );
}

/** The culprit among some layers, and its place in the list from 1 on. */
function culpritAmong({ list }: Culprits, layers: ReadonlySet<string>) {
  const at = list.findIndex(({ layer }) => layers.has(layer));
  return at < 0 ? null : { culprit: list[at]!, place: at + 1 };
}

/** Why the selected layer loses, and what to do. */
export function Diagnosis({ row }: { readonly row: Row }) {
  const { diagnosis, rows, own } = useFindings(row);
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
  const culprit = culpritAmong(diagnosis.culprits, layersOf(row, rows))?.culprit;
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
          {own.length > 0
            ? `${plural(own.length, "finding")} in this layer`
            : culprit
              ? `${culprit.sentence} ${culprit.figure}.`
              : "Nothing stands out in this layer."}
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
    </section>
  );
}
