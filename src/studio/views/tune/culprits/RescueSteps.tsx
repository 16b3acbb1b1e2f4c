import { significant } from "../../../../engine/values/figures.ts";
import { decibel } from "../../../../engine/values/units.ts";
import { RESCUING } from "../../../state/rescue.ts";
import { useResults, useWork } from "../../../state/useStudio.ts";

/** What Rescue has tried until now, while it runs: each model as measured, on the samples that judge it. */
export function RescueSteps() {
  const rescuing = useWork((work) => work.job?.task === RESCUING);
  const tuning = useResults((results) => results.tuning?.result ?? null);
  if (!rescuing) return null;
  if (!tuning?.request.rescue) return <p className="muted">Measuring the recipe as it is…</p>;
  const [from, to] = tuning.split.judgement;
  return (
    <section aria-labelledby="rescue-heading" aria-live="polite" data-testid="rescue-steps">
      <h3 id="rescue-heading">Rescue</h3>
      <p className="muted small">
        Each step measured on the model that it would export, on samples {from + 1} to {to}, which taught nothing.
      </p>
      <ol className="steps-taken">
        {tuning.points.map((point, at) => {
          const before = tuning.points.slice(0, at).findLast(({ accepted }) => accepted);
          const gain = before ? point.sqnr - before.sqnr : null;
          return (
            <li key={point.label + point.decisions.length} className="step-taken" data-testid="rescue-step">
              <span className="step-label">{point.label}</span>
              <span className="step-gain">
                SQNR {decibel(point.sqnr)}
                {gain === null ? "" : ` (${gain > 0 ? "+" : ""}${decibel(gain)})`}
                {point.top1 ? `, top-1 drop ${significant(100 * point.top1.drop)} pt` : ""}
              </span>
              <span className={point.passed ? "verdict pass" : "muted"}>
                {point.passed ? "keeps the limit" : at === 0 ? "" : point.accepted ? "taken" : "not enough"}
              </span>
            </li>
          );
        })}
      </ol>
    </section>
  );
}
