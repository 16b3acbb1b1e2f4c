import { cancelJob } from "../state/jobs.ts";
import { actions } from "../state/store.ts";
import { useWork } from "../state/useStudio.ts";
import { Empty } from "./Empty.tsx";

/** Ends the job that runs, once. */
export function StopButton({ testId }: { readonly testId?: string }) {
  const stopping = useWork((work) => work.job?.cancelling ?? false);
  return (
    <button type="button" className="button" onClick={cancelJob} disabled={stopping} data-testid={testId}>
      Stop
    </button>
  );
}

/** In the place of what only samples can begin: where they are added. */
export function NeedsData({ title }: { readonly title: string }) {
  return (
    <Empty title={title}>
      <button type="button" className="button primary" onClick={() => actions.stepChosen("data")}>
        Add data
      </button>
    </Empty>
  );
}

/** The same within a form. */
export function AddDataButton({ to }: { readonly to: string }) {
  return (
    <button type="button" className="button" onClick={() => actions.stepChosen("data")}>
      Add data to {to}
    </button>
  );
}

interface AdoptionProps {
  readonly isAdopted: boolean;
  readonly isWhole: boolean;
  /** What is used before it is whole, such as "what is found". */
  readonly partly: string;
  readonly onAdopt: () => void;
  /** Begins the names that tests know it by. */
  readonly testId: string;
}

/** Whether the recipe has what was learned, or the way to have it so. */
export function Adoption({ isAdopted, isWhole, partly, onAdopt, testId }: AdoptionProps) {
  const busy = useWork((work) => work.job !== null);
  return isAdopted ? (
    <span className="badge" data-testid={`${testId}-adopted`}>
      in the recipe
    </span>
  ) : (
    <button type="button" className="button" disabled={busy} onClick={onAdopt} data-testid={`${testId}-adopt`}>
      {isWhole ? "Use in the recipe" : `Use ${partly}`}
    </button>
  );
}
