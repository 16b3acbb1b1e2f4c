import { clamp } from "../../../../engine/values/clamp.ts";
import { NumberField } from "../../../parts/NumberField.tsx";
import { AddDataButton, StopButton } from "../../../parts/WaitingFor.tsx";
import { isBusy } from "../../../state/recipe.ts";
import {
  isAdopted,
  LEARNING,
  learnRounding,
  resumable,
  roundingIsStale,
  roundingSamples,
} from "../../../state/rounding.ts";
import { actions } from "../../../state/store.ts";
import { useProject, useStudio, useView, useWork } from "../../../state/useStudio.ts";

const MOST_ITERATIONS = 100_000;

/** What rounding is learned with, and its start and stop. */
export function RoundingForm() {
  const samples = useStudio(roundingSamples);
  const iterations = useView((view) => view.roundingSettings.iterations);
  const busy = useWork((work) => work.job !== null);
  return (
    <fieldset className="rounding-form form-row" aria-label="Learned rounding">
      <NumberField
        label="On the first"
        unit="samples"
        value={samples}
        step={8}
        disabled={busy}
        onCommit={(value) => actions.roundingSettingsChanged({ samples: Math.max(1, Math.floor(value)) })}
        testId="rounding-samples"
      />
      <NumberField
        label="for"
        unit="iterations"
        value={iterations}
        step={100}
        disabled={busy}
        onCommit={(value) =>
          actions.roundingSettingsChanged({ iterations: clamp(Math.floor(value), 1, MOST_ITERATIONS) })
        }
        testId="rounding-iterations"
      />
      <Start />
    </fieldset>
  );
}

function Start() {
  const task = useWork((work) => work.job?.task ?? null);
  const busy = useWork(isBusy);
  const hasData = useProject((project) => project.data !== null);
  const calibrated = useProject((project) => project.calibration !== null);
  const goesOn = useStudio((state) => resumable(state) !== null);
  const learned = useStudio((state) => isAdopted(state) && !roundingIsStale(state));
  if (task === LEARNING) {
    return <StopButton testId="rounding-stop" />;
  }
  if (!hasData) {
    return <AddDataButton to="learn" />;
  }
  if (!calibrated) {
    return (
      <button type="button" className="button" onClick={() => actions.stepChosen("calibrate")}>
        Calibrate to learn
      </button>
    );
  }
  return (
    <button
      type="button"
      className={learned && !goesOn ? "button" : "button primary"}
      disabled={busy}
      onClick={learnRounding}
      data-testid="rounding-start"
    >
      {goesOn ? "Go on learning" : learned ? "Learn again" : "Learn rounding"}
    </button>
  );
}
