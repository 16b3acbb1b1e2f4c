import { useState } from "react";
import { Empty } from "../../../parts/Empty.tsx";
import { evaluate } from "../../../state/evaluate.ts";
import { deleteResult, keep, showResult } from "../../../state/keptResults.ts";
import { unlike } from "../../../state/resultTable.ts";
import { actions } from "../../../state/store.ts";
import type { StoredResult } from "../../../state/stored.ts";
import { useProject, useResults, useStudio } from "../../../state/useStudio.ts";
import { CompareChart } from "./CompareChart.tsx";
import { CompareTable } from "./CompareTable.tsx";
import "./CompareView.css";

/** The results of this model side by side. */
export default function CompareView() {
  const results = useResults((results) => results.kept);
  const [deleted, setDeleted] = useState<StoredResult | null>(null);
  const shown = results.filter((result) => result.shown);
  return (
    <section className="compare" aria-labelledby="compare-heading" data-testid="compare">
      <h2 id="compare-heading">Results of this model</h2>
      {deleted ? (
        <p className="compare-deleted" role="status" data-testid="compare-deleted">
          “{deleted.name}” is deleted.{" "}
          <button
            type="button"
            className="button"
            // biome-ignore lint/a11y/noAutofocus: the button that had the focus is gone
            autoFocus
            onClick={() => {
              void keep(deleted);
              setDeleted(null);
            }}
          >
            Bring it back
          </button>
        </p>
      ) : null}
      {results.length === 0 ? (
        <NoResults />
      ) : (
        <>
          <Shown results={results} />
          {shown.length === 0 ? <p className="muted">Tick the results to compare.</p> : null}
          {shown.length === 1 ? (
            <p className="muted">
              {results.length === 1
                ? "Every evaluation is kept here: change the recipe and evaluate again, or drop in a quantized model of another tool and evaluate it, to have something to compare."
                : "Tick another result to see what differs."}
            </p>
          ) : null}
          {shown.length > 1 ? (
            <p className="muted">
              Held against the newest, “{shown[0]!.name}”.
              {shown.some((result) => isUnlike(result, shown[0]!))
                ? " Figures in italics were measured on other samples, or on another machine or number of threads: they are not compared."
                : ""}
            </p>
          ) : null}
          {shown.length > 0 ? (
            <>
              <CompareTable
                results={shown}
                onDelete={(result) => {
                  setDeleted(result);
                  void deleteResult(result.id);
                }}
              />
              <CompareChart results={shown} />
            </>
          ) : null}
        </>
      )}
    </section>
  );
}

function isUnlike(result: StoredResult, reference: StoredResult): boolean {
  const { samples, machine } = unlike(result, reference);
  return samples || machine;
}

function Shown({ results }: { readonly results: readonly StoredResult[] }) {
  return (
    <fieldset className="compare-shown">
      <legend className="visually-hidden">Results shown</legend>
      {results.map((result) => (
        <label key={result.id} className="check">
          <input
            type="checkbox"
            checked={result.shown}
            onChange={(event) => void showResult(result.id, event.target.checked)}
          />
          {result.name}
        </label>
      ))}
    </fieldset>
  );
}

function NoResults() {
  const calibrated = useProject((project) => project.calibration !== null);
  const ready = useStudio(
    (state) => state.project.calibration !== null && state.project.data !== null && state.work.job === null,
  );
  return (
    <Empty title="No results yet. Every evaluation is kept here with its settings: evaluate, change the recipe, evaluate again, and compare.">
      {calibrated ? (
        <button type="button" className="button primary" disabled={!ready} onClick={() => void evaluate()}>
          Evaluate
        </button>
      ) : (
        <button type="button" className="button primary" onClick={() => actions.stepChosen("calibrate")}>
          Go to Calibrate
        </button>
      )}
    </Empty>
  );
}
