import type { Suggestion } from "../../../../engine/model/culprit.ts";
import { isApplied } from "../../../../engine/recipe/remedies.ts";
import { applySuggestion } from "../../../state/suggestions.ts";
import { useProject, useWork } from "../../../state/useStudio.ts";

interface Props {
  readonly suggestion: Suggestion;
  /** Null where it is for all layers. */
  readonly layer: string | null;
}

/** Does what is suggested, as one step of undo. */
export function ApplyButton({ suggestion, layer }: Props) {
  const { edit, sentence } = suggestion;
  const applied = useProject(({ recipe }) => recipe !== null && isApplied(recipe.present, edit));
  const busy = useWork((work) => work.job !== null && !work.job.settles);
  return (
    <button
      type="button"
      className="button"
      disabled={busy || applied}
      aria-label={`${applied ? "Applied" : "Apply"}: ${sentence}`}
      title={sentence}
      onClick={() => void applySuggestion(suggestion, layer)}
      data-testid="culprit-apply"
      data-remedy={edit.kind}
    >
      {applied ? "Applied" : "Apply"}
    </button>
  );
}
