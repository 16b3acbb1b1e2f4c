import { useMemo } from "react";
import { plural } from "../../../../engine/values/figures.ts";
import { Empty } from "../../../parts/Empty.tsx";
import { StopButton } from "../../../parts/WaitingFor.tsx";
import { diagnosisIsStale } from "../../../state/diagnosis.ts";
import { isBusy } from "../../../state/recipe.ts";
import { standingSteps } from "../../../state/remedySteps.ts";
import { RESCUING, rescue } from "../../../state/rescue.ts";
import { MEASURING, measureSensitivity, measureWalk, WALKING } from "../../../state/sensitivity.ts";
import { actions } from "../../../state/store.ts";
import { useProject, useResults, useStudio, useWork } from "../../../state/useStudio.ts";
import { CulpritList } from "./CulpritList.tsx";
import { ForAll } from "./ForAll.tsx";
import { RescueSteps } from "./RescueSteps.tsx";
import { StepsTaken } from "./StepsTaken.tsx";
import "./CulpritsView.css";

/** The one ranked list of what costs the outputs, what to do about each, and what that gained. */
export default function CulpritsView() {
  const calibrated = useProject((project) => project.calibration !== null);
  const large = useProject((project) => project.model?.large ?? false);
  const diagnosis = useResults((results) => results.diagnosis);
  const stale = useStudio(diagnosisIsStale);
  const steps = useResults((results) => results.remedySteps);
  const recipe = useProject((project) => project.recipe);
  const taken = useMemo(() => standingSteps(steps, recipe), [steps, recipe]);
  if (!calibrated) {
    return (
      <Empty title="What costs the outputs is not known before the model is calibrated.">
        <button type="button" className="button primary" onClick={() => actions.stepChosen("calibrate")}>
          Go to Calibrate
        </button>
      </Empty>
    );
  }
  if (large) {
    return <p className="muted">Not looked for in a model that is larger than what a tab holds.</p>;
  }
  return (
    <>
      <Tools />
      <RescueSteps />
      {taken.length > 0 ? <StepsTaken steps={taken} recipe={recipe} /> : null}
      {diagnosis ? (
        <div
          className={stale ? "culprits-found stale" : "culprits-found"}
          data-standing={stale ? "stale" : "current"}
          data-testid="culprits-found"
        >
          <CulpritList culprits={diagnosis.culprits} />
          <ForAll suggestions={diagnosis.culprits.forAll} />
        </div>
      ) : (
        <p className="muted">Looking for what hurts…</p>
      )}
    </>
  );
}

function Tools() {
  const task = useWork((work) => work.job?.task ?? null);
  const busy = useWork(isBusy);
  const hasData = useProject((project) => project.data !== null);
  const failed = useResults((results) => results.evaluation?.result.verdict?.passed === false);
  const samples = useResults((results) => results.diagnosis?.culprits.samples);
  const measured = samples && (samples.sensitivity !== null || samples.walk !== null);
  return (
    <div className="tune-tools">
      <h2>Culprits</h2>
      {task === RESCUING ? (
        <StopButton testId="rescue-stop" />
      ) : (
        <button
          type="button"
          className={failed ? "button primary" : "button"}
          disabled={busy || !hasData}
          title="Take what is recommended, in the order measured, until the limit is kept; every step can be undone"
          onClick={() => void rescue()}
          data-testid="rescue"
        >
          Rescue
        </button>
      )}
      {task === MEASURING || task === WALKING ? (
        <StopButton />
      ) : (
        <button
          type="button"
          className="button"
          disabled={busy || !hasData}
          title="Measure sensitivity and the error walk, which rank the culprits"
          onClick={() => void measureSensitivity().then(measureWalk)}
          data-testid="measure-culprits"
        >
          Measure
        </button>
      )}
      <span className="muted" data-testid="culprits-standing">
        {measured
          ? `Ranked by what was measured${samples.sensitivity === null ? "" : ` at the outputs on ${plural(samples.sensitivity, "sample")}`}${samples.walk === null ? "" : `, in the exported model on ${plural(samples.walk, "sample")}`}.`
          : "Estimated: measure to rank by what each layer costs the outputs."}
      </span>
    </div>
  );
}
