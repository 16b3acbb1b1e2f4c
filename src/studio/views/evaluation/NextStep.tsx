import type { Evaluation } from "../../../engine/model/evaluation.ts";
import { worstRow } from "../../state/layers.ts";
import { allRows } from "../../state/selection.ts";
import { actions } from "../../state/store.ts";
import { useStudio } from "../../state/useStudio.ts";

/** What a verdict leads to: the files, or the layer where most is lost. */
export function NextStep({ evaluation: { verdict } }: { readonly evaluation: Evaluation }) {
  const worst = useStudio((state) => worstRow(allRows(state), state.results.overview)?.id ?? null);
  const finding = useStudio((state) => state.results.diagnosis?.findings[0]?.layer ?? null);
  if (!verdict) return null;
  if (verdict.passed) {
    return (
      <button type="button" className="button next-step" onClick={() => actions.stepChosen("export")}>
        Next: the files
      </button>
    );
  }
  const layer = finding ?? worst;
  if (layer === null) return null;
  return (
    <button type="button" className="button next-step" title={layer} onClick={() => actions.layerPointedAt(layer)}>
      Next: what hurts most
    </button>
  );
}
