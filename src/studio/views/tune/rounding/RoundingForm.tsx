import { clamp } from "../../../../engine/values/clamp.ts";
import { NumberField } from "../../../parts/NumberField.tsx";
import { cancelJob } from "../../../state/jobs.ts";
import { isBusy } from "../../../state/recipe.ts";
import {
  changeRounding,
  isAdopted,
  LEARNING,
  learnRounding,
  resumable,
  roundingIsStale,
  roundingSamples,
} from "../../../state/rounding.ts";
import { studio, useStudio } from "../../../state/store.ts";

const MOST_ITERATIONS = 100_000;

/** What rounding is learned with, and its start and stop. */
export function RoundingForm() {
  const samples = useStudio(roundingSamples);
  const iterations = useStudio((state) => state.roundingSettings.iterations);
  const busy = useStudio((state) => state.job !== null);
  return (
    <fieldset className="rounding-form form-row" aria-label="Learned rounding">
      <NumberField
        label="On the first"
        unit="samples"
        value={samples}
        step={8}
        disabled={busy}
        onCommit={(value) => changeRounding({ samples: Math.max(1, Math.floor(value)) })}
        testId="rounding-samples"
      />
      <NumberField
        label="for"
        unit="iterations"
        value={iterations}
        step={100}
        disabled={busy}
        onCommit={(value) => changeRounding({ iterations: clamp(Math.floor(value), 1, MOST_ITERATIONS) })}
        testId="rounding-iterations"
      />
      <Start />
    </fieldset>
  );
}

function Start() {
  const task = useStudio((state) => state.job?.task ?? null);
  const busy = useStudio(isBusy);
  const stopping = useStudio((state) => state.job?.cancelling ?? false);
  const hasData = useStudio((state) => state.data !== null);
  const calibrated = useStudio((state) => state.calibration !== null);
  const goesOn = useStudio((state) => resumable(state) !== null);
  const learned = useStudio((state) => isAdopted(state) && !roundingIsStale(state));
  if (task === LEARNING) {
    return (
      <button type="button" className="button" onClick={cancelJob} disabled={stopping} data-testid="rounding-stop">
        Stop
      </button>
    );
  }
  if (!hasData) {
    return (
      <button type="button" className="button" onClick={() => studio.setState({ step: "data" })}>
        Add data to learn
      </button>
    );
  }
  if (!calibrated) {
    return (
      <button type="button" className="button" onClick={() => studio.setState({ step: "calibrate" })}>
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
