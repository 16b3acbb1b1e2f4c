import { ROUNDING_SAMPLES } from "../../../../engine/model/rounding.ts";
import { clamp } from "../../../../engine/values/clamp.ts";
import { NumberField } from "../../../parts/NumberField.tsx";
import { AddDataButton, StopButton } from "../../../parts/WaitingFor.tsx";
import {
  codeSamples,
  codesAreAdopted,
  codesAreStale,
  FINDING,
  findCodes,
  resumableCodes,
} from "../../../state/codes.ts";
import { isBusy } from "../../../state/recipe.ts";
import { actions } from "../../../state/store.ts";
import { useProject, useStudio, useWork } from "../../../state/useStudio.ts";

/** On how many samples codes are found, and the start and stop of it. */
export function CodesForm({ isAsked }: { readonly isAsked: boolean }) {
  const samples = useStudio(codeSamples);
  const busy = useWork((work) => work.job !== null);
  return (
    <fieldset className="codes-form form-row" aria-label="Codes found on samples">
      <NumberField
        label="On the first"
        unit="samples"
        value={samples}
        step={8}
        disabled={busy}
        onCommit={(value) => actions.codeSamplesChosen(clamp(Math.floor(value), 1, ROUNDING_SAMPLES))}
        testId="codes-samples"
      />
      <Start isAsked={isAsked} />
    </fieldset>
  );
}

function Start({ isAsked }: { readonly isAsked: boolean }) {
  const task = useWork((work) => work.job?.task ?? null);
  const busy = useWork(isBusy);
  const hasData = useProject((project) => project.data !== null);
  const goesOn = useStudio((state) => resumableCodes(state) !== null);
  const found = useStudio((state) => codesAreAdopted(state) && !codesAreStale(state));
  if (task === FINDING) {
    return <StopButton testId="codes-stop" />;
  }
  if (!isAsked) return <span className="muted">Choose GPTQ or AWQ under “Scales by” in the recipe.</span>;
  if (!hasData) {
    return <AddDataButton to="find codes" />;
  }
  return (
    <button
      type="button"
      className={found && !goesOn ? "button" : "button primary"}
      disabled={busy}
      onClick={findCodes}
      data-testid="codes-start"
    >
      {goesOn ? "Go on finding" : found ? "Find again" : "Find codes"}
    </button>
  );
}
