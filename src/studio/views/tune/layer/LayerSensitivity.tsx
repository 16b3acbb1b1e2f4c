import { useShallow } from "zustand/react/shallow";
import { plural } from "../../../../engine/values/figures.ts";
import { errorText, METRICS, regained } from "../../../metrics.ts";
import { type Fact, Facts } from "../../../parts/Facts.tsx";
import { Term } from "../../../parts/Term.tsx";
import { sensitivityIsStale } from "../../../state/figures.ts";
import type { Row } from "../../../state/layers.ts";
import { measuredOf } from "../../../state/layers.ts";
import { allRows } from "../../../state/selection.ts";
import { useStudio } from "../../../state/useStudio.ts";

/** What one layer costs the model's output, weights and activations apart; nothing before it is measured. */
export function LayerSensitivity({ row }: { readonly row: Row }) {
  const { result, metric, measured, stale } = useStudio(
    useShallow((state) => ({
      result: state.results.sensitivity?.result,
      metric: state.view.metric,
      measured: state.results.sensitivity && measuredOf(state.results.sensitivity.result.layers, row, allRows(state)),
      stale: sensitivityIsStale(state),
    })),
  );
  if (!result || !measured) return null;
  const { weights, activations, alone, without } = measured;
  const fact = (key: string, value: number | null): Fact => ({ key, value: errorText(value, metric) });
  return (
    <section className={stale ? "stale" : undefined} aria-label="Sensitivity" data-testid="layer-sensitivity-block">
      <div className="tune-head">
        <h3>
          <Term word="sensitivity">Sensitivity</Term>
        </h3>
        <span className="muted">
          {METRICS[metric].text} of the model’s output, on {plural(result.samples, "sample")}
          {measured.layer === row.id ? "" : `, with ${measured.layer}`}
        </span>
        {stale ? <span className="hint">stale</span> : null}
      </div>
      <Facts
        facts={[
          ...(weights ? [fact("Its weights alone", weights[metric])] : []),
          fact("Its activations alone", activations[metric]),
          ...(weights ? [fact("Both", alone[metric])] : []),
          fact("All layers", result.all[metric]),
          fact("Left in float regains", regained(result.all, without, metric)),
        ]}
      />
    </section>
  );
}
