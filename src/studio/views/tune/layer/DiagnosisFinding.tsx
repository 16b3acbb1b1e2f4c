import type { Finding } from "../../../../engine/model/diagnosis.ts";
import { isApplied } from "../../../../engine/recipe/remedies.ts";
import { decibel } from "../../../../engine/values/units.ts";
import { applyRemedy } from "../../../state/suggestions.ts";
import { useProject } from "../../../state/useStudio.ts";

interface Props {
  readonly finding: Finding;
}

/** What is wrong, the figure that says so, and what can be done. */
export function DiagnosisFinding({ finding }: Props) {
  const { sentence, figure, remedy, cause } = finding;
  return (
    <li className="finding" data-testid="finding" data-cause={cause}>
      <DiagnosisLoss finding={finding} />
      <div className="finding-text">
        <p>{sentence}</p>
        <p className="muted small">{figure}</p>
        {remedy ? <p>{remedy.sentence}</p> : null}
      </div>
      <DiagnosisApply finding={finding} />
    </li>
  );
}

/** What it costs, where it costs anything. */
export function DiagnosisLoss({ finding }: Props) {
  const { loss, cause } = finding;
  return (
    <span
      className={loss > 0 ? "finding-loss" : "finding-loss none"}
      title={cause === "sensitive" ? "measured at the outputs" : "estimated at this tensor"}
    >
      {loss > 0 ? `−${decibel(loss)}` : "0 dB"}
    </span>
  );
}

/** The button that does what a finding suggests; once it is done, it stays where it was and says so. */
export function DiagnosisApply({ finding }: Props) {
  const { remedy } = finding;
  const applied = useProject(
    ({ recipe }) => remedy !== null && recipe !== null && isApplied(recipe.present, remedy.edit),
  );
  if (!remedy) return <span />;
  return (
    <button
      type="button"
      className={applied ? "button quiet finding-done" : "button"}
      aria-label={applied ? `Applied: ${remedy.sentence}` : `Apply: ${remedy.sentence}`}
      aria-disabled={applied}
      title={remedy.sentence}
      data-testid={applied ? "applied" : "apply"}
      onClick={() => (applied ? undefined : void applyRemedy(finding))}
    >
      {applied ? "Applied" : "Apply"}
    </button>
  );
}
