import { useMemo, useRef } from "react";
import { type Drift, type DriftVerdict, mostMoved } from "../../../engine/model/drift.ts";
import { plural, significant } from "../../../engine/values/figures.ts";
import { percent } from "../../../engine/values/shares.ts";
import { FileButton } from "../../parts/FileButton.tsx";
import { Notices } from "../../parts/Notices.tsx";
import { Term } from "../../parts/Term.tsx";
import { useLabels } from "../../parts/useLabels.ts";
import { driftIsStale, measureDrift } from "../../state/drift.ts";
import { isBusy } from "../../state/recipe.ts";
import { useResults, useStudio, useWork } from "../../state/useStudio.ts";
import "./DriftPane.css";

const LISTED = 10;
/** The share of the table that names have. */
const NAMES = 0.33;

const ADVICE: Readonly<Record<DriftVerdict, string>> = {
  fine: "The calibration holds for them.",
  recalibrate: "Calibrate on the new samples, or on both.",
  "other data": "Look at how they are prepared: they are another kind of data.",
};

/** New samples beside those that calibrated: whether the calibration holds for them. */
export function DriftPane() {
  const drift = useResults((results) => results.drift);
  const stale = useStudio(driftIsStale);
  const busy = useWork(isBusy);
  return (
    <section className="drift" aria-labelledby="drift-heading" data-testid="drift">
      <h3 id="drift-heading">
        <Term word="drift">New data</Term>
      </h3>
      <p className="muted">
        Does the calibration still hold? New samples are run on the float model, prepared as those that calibrated; the
        project keeps its own.
      </p>
      <p className="drift-choice">
        <FileButton multiple disabled={busy} onFiles={measureDrift} testId="drift-files">
          Choose new samples
        </FileButton>
        <FileButton folder disabled={busy} onFiles={measureDrift} testId="drift-folder">
          Choose a folder
        </FileButton>
      </p>
      {drift ? (
        <div className={stale ? "stale" : undefined} data-testid="drift-result">
          {stale ? <p className="hint">Stale: the calibration or the recipe is another since.</p> : null}
          <p>
            <strong className={`verdict ${drift.result.verdict === "fine" ? "pass" : "fail"}`}>
              {drift.result.verdict}
            </strong>{" "}
            {drift.result.reason} {ADVICE[drift.result.verdict]}
          </p>
          <Notices notices={drift.result.notices} label="Notices about the new samples" />
          <Moved drift={drift.result} data={drift.data} />
        </div>
      ) : null}
    </section>
  );
}

function Moved({ drift: { tensors, samples }, data }: { readonly drift: Drift; readonly data: string }) {
  const worst = useMemo(() => mostMoved(tensors, LISTED), [tensors]);
  const names = useMemo(() => worst.map(({ tensor }) => tensor), [worst]);
  const table = useRef<HTMLTableElement>(null);
  const labelOf = useLabels(table, names, NAMES);
  const skipped = samples.skipped > 0 ? ` (${samples.skipped} skipped)` : "";
  return (
    <table className="table figures" ref={table}>
      <caption>
        {plural(samples.seen, "new sample")}
        {skipped} of {data} beside {samples.calibrated} that calibrated; of {plural(tensors.length, "tensor")} those
        that have moved most
      </caption>
      <thead>
        <tr>
          <th scope="col">Tensor</th>
          <th scope="col" className="number">
            <Term word="KL">KL, nat</Term>
          </th>
          <th scope="col" className="number">
            clipped before
          </th>
          <th scope="col" className="number">
            clipped now
          </th>
          <th scope="col" className="number">
            beyond before
          </th>
          <th scope="col" className="number">
            beyond now
          </th>
        </tr>
      </thead>
      <tbody>
        {worst.map(({ tensor, kl, clipped, overrun }) => (
          <tr key={tensor}>
            <th scope="row" title={tensor}>
              {labelOf(tensor)}
            </th>
            <td className="number">{significant(kl)}</td>
            <td className="number">{percent(clipped.calibrated)}</td>
            <td className="number">{percent(clipped.seen)}</td>
            <td className="number">{percent(overrun.calibrated)}</td>
            <td className="number">{percent(overrun.seen)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
