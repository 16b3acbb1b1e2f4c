import type { Evaluation } from "../../../engine/model/evaluation.ts";
import { StopButton } from "../../parts/WaitingFor.tsx";
import { isBusy } from "../../state/recipe.ts";
import { RESCUING, rescue } from "../../state/rescue.ts";
import { actions } from "../../state/store.ts";
import { useProject, useWork } from "../../state/useStudio.ts";

/** What a verdict leads to: the files, or what mends the model. */
export function NextStep({ evaluation: { verdict } }: { readonly evaluation: Evaluation }) {
  const busy = useWork(isBusy);
  const rescuing = useWork((work) => work.job?.task === RESCUING);
  const hasData = useProject((project) => project.data !== null);
  if (!verdict) return null;
  if (verdict.passed) {
    return (
      <button type="button" className="button next-step" onClick={() => actions.stepChosen("export")}>
        Next: the files
      </button>
    );
  }
  return (
    <div className="next-steps">
      {rescuing ? (
        <StopButton />
      ) : (
        <button
          type="button"
          className="button primary next-step"
          disabled={busy || !hasData}
          onClick={() => void rescue()}
          data-testid="verdict-rescue"
        >
          Rescue
        </button>
      )}
      <button type="button" className="button" onClick={() => actions.tuneViewOpened("culprits")}>
        See the culprits
      </button>
    </div>
  );
}
