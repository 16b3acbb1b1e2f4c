import { useMemo } from "react";
import { plural } from "../../../../engine/values/figures.ts";
import { decibel } from "../../../../engine/values/units.ts";
import { WalkChart } from "../../../charts/WalkChart.tsx";
import { lossOf, MUCH_DB } from "../../../charts/walk.ts";
import { Empty } from "../../../parts/Empty.tsx";
import { Term } from "../../../parts/Term.tsx";
import { StopButton } from "../../../parts/WaitingFor.tsx";
import { walkIsStale } from "../../../state/figures.ts";
import { measuredOf } from "../../../state/layers.ts";
import { isBusy } from "../../../state/recipe.ts";
import { allRows, rowOf } from "../../../state/selection.ts";
import { measureWalk, WALKING } from "../../../state/sensitivity.ts";
import { actions } from "../../../state/store.ts";
import { useProject, useResults, useStudio, useWork } from "../../../state/useStudio.ts";
import { WalkTable } from "./WalkTable.tsx";
import "./WalkView.css";

const select = actions.layerSelected;

/** Float against the exported model at every layer's output: where the error enters and how it grows. */
export default function WalkView() {
  const walk = useResults((results) => results.walk?.result ?? null);
  const stale = useStudio(walkIsStale);
  const list = useResults((results) => results.diagnosis?.culprits.list ?? null);
  const culprits = useMemo(() => list?.map(({ layer }) => layer) ?? null, [list]);
  const calibrated = useProject((project) => project.calibration !== null);
  const step = useStudio((state) => {
    const row = rowOf(state);
    return row && state.results.walk ? measuredOf(state.results.walk.result.steps, row, allRows(state)) : null;
  });
  if (!calibrated) {
    return (
      <Empty title="The error is walked through the exported model, which needs calibrated ranges.">
        <button type="button" className="button primary" onClick={() => actions.stepChosen("calibrate")}>
          Go to Calibrate
        </button>
      </Empty>
    );
  }
  return (
    <>
      <div className="tune-tools">
        <h2>
          <Term word="error walk">Error walk</Term>
        </h2>
        <Measure />
        {walk ? (
          <span className="muted" data-testid="walk-facts">
            Measured on the exported model, {plural(walk.samples, "sample")}
          </span>
        ) : null}
        {stale ? <span className="hint">stale: measure again</span> : null}
      </div>
      {walk ? (
        <div className={stale ? "walk stale" : "walk"}>
          <WalkChart walk={walk} culprits={culprits} selected={step?.layer ?? null} onSelect={select} />
          <p className="muted" data-testid="walk-step" aria-live="polite">
            {step
              ? `${step.layer}: ${decibel(step.sqnr)} at its output${reading(step)}.`
              : "The selected layer has no output of its own in the exported model."}
          </p>
          <p className="muted">
            <Term word="SQNR" /> at every layer’s output, in graph order. {marked(culprits)}
          </p>
          <WalkTable walk={walk} culprits={culprits} selected={step?.layer ?? null} onSelect={select} />
        </div>
      ) : (
        <p className="muted">
          Runs the float and the exported model side by side, compares them at every layer’s output, and shows where the
          error enters and how it grows.
        </p>
      )}
    </>
  );
}

function Measure() {
  const task = useWork((work) => work.job?.task ?? null);
  const busy = useWork(isBusy);
  const possible = useProject((project) => project.data !== null);
  const measured = useResults((results) => results.walk !== null);
  if (task === WALKING) {
    return <StopButton />;
  }
  return (
    <>
      <button
        type="button"
        className={measured ? "button" : "button primary"}
        disabled={busy || !possible}
        onClick={measureWalk}
        data-testid="measure-walk"
      >
        Measure the walk
      </button>
      {possible ? null : <span className="muted">Drop the samples in to measure.</span>}
    </>
  );
}

function reading(step: Parameters<typeof lossOf>[0]): string {
  const loss = lossOf(step);
  if (loss === null || step.inputSqnr === null) return "";
  const changes = loss < 0 ? "gains" : "loses";
  return `, ${decibel(step.inputSqnr)} at the worst tensor it reads: ${changes} ${decibel(Math.abs(loss))}`;
}

/** What numbers in the chart stand for; without a list of culprits, while they are looked for, they mark losses. */
function marked(culprits: readonly string[] | null): string {
  if (!culprits)
    return `Numbers mark where ${MUCH_DB} dB or more are lost between what a layer reads and makes, most first.`;
  if (culprits.length === 0) return "No layer is a culprit.";
  return "Numbers mark the culprits, by their places in the one list of them.";
}
