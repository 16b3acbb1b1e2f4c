import { isSampled } from "../../../../engine/model/recipe.ts";
import type { TuneLimit } from "../../../../engine/model/tuning.ts";
import { clamp } from "../../../../engine/values/clamp.ts";
import { NumberField } from "../../../parts/NumberField.tsx";
import { Hint } from "../../../parts/Term.tsx";
import { AddDataButton, StopButton } from "../../../parts/WaitingFor.tsx";
import { actions } from "../../../state/store.ts";
import { droppable, requestOf, SEARCHING, searchRecipes } from "../../../state/tune.ts";
import { useProject, useStudio, useView, useWork } from "../../../state/useStudio.ts";

const BUDGETS: readonly { readonly seconds: number | null; readonly text: string }[] = [
  { seconds: null, text: "as long as it takes" },
  { seconds: 60, text: "1 minute" },
  { seconds: 300, text: "5 minutes" },
  { seconds: 900, text: "15 minutes" },
];

const MAX_DROP = 1;

/** What the search is to keep, what it may read, and its start and stop. */
export function SearchForm() {
  const dropped = useStudio(droppable);
  const kind = useView((view) => (dropped ? view.search.limit : "sqnr"));
  const limit = useView((view) => view.limit);
  const decibels = useView((view) => view.search.decibels);
  const budget = useView((view) => view.search.budget);
  const mix = useView((view) => view.search.mix ?? false);
  const samples = useStudio((state) => requestOf(state)?.samples ?? 0);
  const calibrating = useProject((project) => project.samples);
  const learned = useProject((project) => project.recipe?.present.weights.rounding === "learned");
  const found = useProject((project) => project.recipe !== null && isSampled(project.recipe.present.weights));
  const known = BUDGETS.some(({ seconds }) => seconds === budget);
  return (
    <fieldset className="search-form" aria-label="Search">
      <div className="form-row">
        <span className="field">
          <select
            className="input select"
            aria-label="The limit to keep"
            value={kind}
            onChange={(event) => actions.searchChanged({ limit: event.target.value as TuneLimit["kind"] })}
            data-testid="search-limit-kind"
          >
            <option value="drop" disabled={!dropped}>
              {dropped === "perplexity" ? "Perplexity rises by at most" : "Top-1 drops by at most"}
              {dropped ? "" : " (needs labels, or an evaluation that finds perplexity)"}
            </option>
            <option value="sqnr">SQNR is at least</option>
          </select>
          {kind === "drop" ? (
            <NumberField
              label={dropped === "perplexity" ? "Rise of perplexity allowed" : "Drop of top-1 allowed"}
              hideLabel
              unit={dropped === "perplexity" ? "%" : "pt"}
              value={limit * 100}
              step={0.1}
              onCommit={(value) => actions.limitChosen(clamp(value / 100, 0, MAX_DROP))}
              testId="search-limit"
            />
          ) : (
            <NumberField
              label="Least SQNR"
              hideLabel
              unit="dB"
              value={decibels}
              step={1}
              onCommit={(value) => actions.searchChanged({ decibels: value })}
              testId="search-limit"
            />
          )}
        </span>
        <NumberField
          label="on the first"
          unit="samples"
          value={samples}
          step={10}
          onCommit={(value) => actions.searchChanged({ samples: Math.max(2, Math.floor(value)) })}
          testId="search-samples"
        />
        <label className="field">
          <span className="field-label">for</span>
          <select
            className="input select"
            value={budget ?? ""}
            onChange={(event) =>
              actions.searchChanged({ budget: event.target.value === "" ? null : Number(event.target.value) })
            }
            data-testid="search-budget"
          >
            {BUDGETS.map(({ seconds, text }) => (
              <option key={text} value={seconds ?? ""}>
                {text}
              </option>
            ))}
            {known || budget === null ? null : <option value={budget}>{budget} s</option>}
          </select>
        </label>
        <label className="field">
          <input
            type="checkbox"
            checked={mix}
            onChange={(event) => actions.searchChanged({ mix: event.target.checked })}
            data-testid="search-mix"
          />
          <span className="field-label">
            <Hint text="A layer may be in 16 bits, or keep its weights in float16, int8 or blocks of int4 where it is in float, as format and target take it.">
              <span>mix forms</span>
            </Hint>
          </span>
        </label>
        <Start />
      </div>
      <p className="muted small">
        Finds the <strong>smallest</strong> model; the{" "}
        <Hint text="octet tune MODEL --goal latency: a tab cannot tell how fast a model is on another runtime.">
          <span className="term">fastest</span>
        </Hint>{" "}
        only the command line finds. One half of the samples calibrates, the other judges.
        {samples > calibrating ? " Evaluation will then judge on samples that chose the recipe." : ""}
        {found ? " It takes scales of least error: find codes for the recipe that it finds." : ""}
        {learned ? " It rounds weights to nearest: learn the rounding of the recipe that it finds." : ""}
      </p>
    </fieldset>
  );
}

function Start() {
  const task = useWork((work) => work.job?.task ?? null);
  const possible = useStudio((state) => (requestOf(state)?.samples ?? 0) >= 2);
  const hasData = useProject((project) => project.data !== null);
  if (task === SEARCHING) {
    return <StopButton testId="search-stop" />;
  }
  if (!hasData) {
    return <AddDataButton to="search" />;
  }
  return (
    <button
      type="button"
      className="button primary"
      disabled={task !== null || !possible}
      onClick={searchRecipes}
      data-testid="search-start"
    >
      Search
    </button>
  );
}
