import { useMemo, useRef } from "react";
import { type Refinement, refinementText } from "../../../../engine/model/refinement.ts";
import { count } from "../../../../engine/values/figures.ts";
import { decibel } from "../../../../engine/values/units.ts";
import { Hint, Term } from "../../../parts/Term.tsx";
import { useLabels } from "../../../parts/useLabels.ts";
import { StopButton } from "../../../parts/WaitingFor.tsx";
import { isBusy } from "../../../state/recipe.ts";
import { COMPARING, measureRefinement, refinementIsStale } from "../../../state/refinement.ts";
import { useResults, useStudio, useWork } from "../../../state/useStudio.ts";
import { LeftOver } from "../LeftOver.tsx";
import { useLayerNames } from "../useLayerNames.ts";

/** Of the table, what names take at most. */
const NAMES = 0.3;

/** What scales of least error, which need no samples, gained over those of the largest weights. */
export function RefinementPart() {
  const refinement = useResults((results) => results.refinement?.result ?? null);
  const stale = useStudio(refinementIsStale);
  const busy = useWork(isBusy);
  const running = useWork((work) => work.job?.task === COMPARING);
  return (
    <>
      <p className="muted">
        The scales of <Term word="blocks">blocks</Term> are those of least error, which need no samples. What they gain
        over those of each block’s largest weights is measured on the weights; GPTQ and AWQ, under “Scales by” in the
        recipe, look at samples and often gain more.
      </p>
      {running ? (
        <StopButton testId="refinement-stop" />
      ) : refinement && !stale ? null : (
        <button
          type="button"
          className="button primary"
          disabled={busy}
          onClick={measureRefinement}
          data-testid="refinement-start"
        >
          Measure what they gained
        </button>
      )}
      {refinement ? (
        <div className={stale ? "codes stale" : "codes"} data-testid="refinement">
          {stale ? <p className="hint">Stale: measured on weights that the recipe no longer makes.</p> : null}
          <RefinementTable refinement={refinement} />
        </div>
      ) : null}
    </>
  );
}

function RefinementTable({ refinement }: { readonly refinement: Refinement }) {
  const names = useLayerNames();
  const table = useRef<HTMLTableElement>(null);
  const shown = useMemo(
    () => refinement.weights.map(({ layers }) => layers.map((id) => names.get(id) ?? id).join(", ")),
    [refinement, names],
  );
  const labelOf = useLabels(table, shown, NAMES);
  const text = refinementText(refinement);
  return (
    <>
      <p data-testid="refinement-standing">
        {text.charAt(0).toUpperCase()}
        {text.slice(1)}.
      </p>
      <table ref={table} className="table" data-testid="refinement-table">
        <caption>SQNR of each layer’s weights in the same type and blocks, by how their scales are found</caption>
        <thead>
          <tr>
            <th scope="col">Layer</th>
            <th scope="col" className="number">
              Weights
            </th>
            <th scope="col" className="number">
              Largest weight
            </th>
            <th scope="col" className="number">
              Least error
            </th>
            <th scope="col">
              <Hint text="The squared error of the weights that is left with scales of least error, as a share of that with scales of the largest weights.">
                <span className="term">Left</span>
              </Hint>
            </th>
          </tr>
        </thead>
        <tbody>
          {refinement.weights.map(({ weight, values, nearest, refined, left }, at) => (
            <tr key={weight} data-testid="refinement-row">
              <th scope="row" title={weight}>
                {labelOf(shown[at] ?? weight)}
              </th>
              <td className="number">{count(values)}</td>
              <td className="number">{decibel(nearest)}</td>
              <td className="number">{decibel(refined)}</td>
              <td>
                <LeftOver share={left} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </>
  );
}
