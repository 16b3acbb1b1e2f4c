import { useMemo, useState } from "react";
import type { Finding } from "../../../../engine/model/diagnosis.ts";
import { count, plural } from "../../../../engine/values/figures.ts";
import { complaintsOf } from "../../../state/complaints.ts";
import type { Row } from "../../../state/layers.ts";
import { actions } from "../../../state/store.ts";
import { useView } from "../../../state/useStudio.ts";
import { DiagnosisApply, DiagnosisLoss } from "./DiagnosisFinding.tsx";

const SHOWN = 8;

interface Props {
  /** Those applied included. */
  readonly findings: readonly Finding[];
  /** Those that hold still. */
  readonly current: readonly Finding[];
  readonly rows: readonly Row[];
}

/** What hurts in all layers, worst first, folded into the line that names the worst. */
export function DiagnosisList({ findings, current, rows }: Props) {
  const selected = useView((view) => view.layer);
  const [open, setOpen] = useState(false);
  const [all, setAll] = useState(false);
  const complaints = useMemo(() => complaintsOf(findings), [findings]);
  const names = useMemo(() => new Map(rows.map(({ id, name }) => [id, name])), [rows]);
  const nameOf = (layer: string) => names.get(layer) ?? layer;
  const [worst] = current;
  if (complaints.length === 0) return <p className="muted small">Nothing stands out in the other layers.</p>;
  const shown = all ? complaints : complaints.slice(0, SHOWN);
  return (
    <details
      className="hurts"
      open={open}
      onToggle={(event) => setOpen(event.currentTarget.open)}
      data-testid="what-hurts"
    >
      <summary>
        {worst ? (
          <>
            What hurts: {plural(current.length, "finding")}, worst <strong>{nameOf(worst.layer)}</strong>:{" "}
            {worst.sentence}
          </>
        ) : (
          "What hurts: nothing more."
        )}
      </summary>
      <ul className="complaints">
        {shown.map((entry) => (
          <li
            key={JSON.stringify([entry.finding.layer, entry.finding.cause, entry.finding.remedy?.edit])}
            className="complaint"
            data-testid="complaint"
          >
            <DiagnosisLoss finding={entry.finding} />
            <button
              type="button"
              className="complaint-layer"
              title={entry.finding.layer}
              aria-current={entry.finding.layer === selected}
              onClick={() => actions.layerSelected(entry.finding.layer)}
            >
              {nameOf(entry.finding.layer)}
            </button>
            <span className="complaint-sentence" title={`${entry.finding.sentence} ${entry.finding.figure}`}>
              {entry.others.length > 0 ? (
                <span className="muted" title={entry.others.map(nameOf).join(", ")}>
                  and {plural(entry.others.length, "other")}:{" "}
                </span>
              ) : null}
              {entry.finding.sentence}
            </span>
            <DiagnosisApply finding={entry.finding} />
          </li>
        ))}
      </ul>
      {shown.length < complaints.length ? (
        <button type="button" className="button quiet" onClick={() => setAll(true)}>
          Show {count(complaints.length - shown.length)} more
        </button>
      ) : null}
    </details>
  );
}
