import { clamp } from "../../../../engine/values/clamp.ts";
import { NumberField } from "../../../parts/NumberField.tsx";
import { StopButton } from "../../../parts/WaitingFor.tsx";
import {
  FINE_TUNING,
  fineTune,
  fineTuningIsAdopted,
  resumableTuning,
  roundingToTune,
} from "../../../state/finetuning.ts";
import { isBusy } from "../../../state/recipe.ts";
import { actions } from "../../../state/store.ts";
import { useProject, useStudio, useView, useWork } from "../../../state/useStudio.ts";

const MOST_STEPS = 100_000;

/** How long each block is tuned, and its start and stop. */
export function FineTuningForm() {
  const steps = useView((view) => view.tuningSteps);
  const running = useWork((work) => work.job !== null);
  return (
    <fieldset className="rounding-form form-row" aria-label="Fine-tuning">
      <NumberField
        label="For"
        unit="steps a block"
        value={steps}
        step={50}
        disabled={running}
        onCommit={(value) => actions.tuningStepsChanged(clamp(Math.floor(value), 1, MOST_STEPS))}
        testId="finetuning-steps"
      />
      <Start />
    </fieldset>
  );
}

function Start() {
  const task = useWork((work) => work.job?.task ?? null);
  const busy = useWork(isBusy);
  const lacks = useProject(({ data, calibration }) => data === null || calibration === null);
  const goesOn = useStudio((state) => resumableTuning(state) !== null);
  const adopted = useStudio(fineTuningIsAdopted);
  const hasRounding = useStudio((state) => roundingToTune(state) !== null);
  if (task === FINE_TUNING) return <StopButton testId="finetuning-stop" />;
  return (
    <button type="button" className="button" disabled={busy || lacks} onClick={fineTune} data-testid="finetuning-start">
      {goesOn
        ? "Go on fine-tuning"
        : adopted
          ? "Fine-tune again"
          : hasRounding
            ? "Fine-tune"
            : "Learn rounding, then fine-tune"}
    </button>
  );
}
