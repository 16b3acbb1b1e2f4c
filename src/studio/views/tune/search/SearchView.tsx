import { useState } from "react";
import type { Tuning } from "../../../../engine/model/tuning.ts";
import { plural } from "../../../../engine/values/figures.ts";
import { duration } from "../../../../engine/values/units.ts";
import { FrontierChart } from "../../../charts/FrontierChart.tsx";
import { NeedsData } from "../../../parts/WaitingFor.tsx";
import { adoptedIndex, SEARCHING, searchIsStale } from "../../../state/tune.ts";
import { useProject, useResults, useStudio, useWork } from "../../../state/useStudio.ts";
import { SearchForm } from "./SearchForm.tsx";
import { SearchPoint } from "./SearchPoint.tsx";
import { SearchTable } from "./SearchTable.tsx";
import "./SearchView.css";

/** Searches for a smaller model that keeps a limit, and shows every point tried by its size and its worth. */
export default function SearchView() {
  const tuning = useResults((results) => results.tuning?.result ?? null);
  const searching = useWork((work) => work.job?.task === SEARCHING);
  const hasData = useProject((project) => project.data !== null);
  if (!tuning && !hasData) {
    return <NeedsData title="A search measures every model it tries, so it needs samples." />;
  }
  return (
    <>
      <SearchForm />
      {tuning ? (
        <Found tuning={tuning} searching={searching} />
      ) : searching ? (
        <>
          <p className="muted">Measuring the recipe as it is…</p>
          <div className="skeleton frontier-waiting" />
        </>
      ) : (
        <p className="muted">
          First equalization and bias correction are tried, which cost next to no bytes. Where they are not enough, the
          layers that regain most for their size stay in float, as few as keep the limit. Every step is measured on the
          model that it would export.
        </p>
      )}
    </>
  );
}

function Found({ tuning, searching }: { readonly tuning: Tuning; readonly searching: boolean }) {
  const [wished, setWished] = useState<number | null>(null);
  const stale = useStudio(searchIsStale);
  const adopted = useStudio(adoptedIndex);
  const selected = wished !== null && wished < tuning.points.length ? wished : tuning.best;
  return (
    <div className={stale ? "search-found stale" : "search-found"} data-testid="search-found">
      <Standing tuning={tuning} searching={searching} stale={stale} />
      <FrontierChart tuning={tuning} selected={selected} onSelect={setWished} />
      <SearchPoint tuning={tuning} index={selected} adopted={selected === adopted} />
      <SearchTable tuning={tuning} selected={selected} adopted={adopted} onSelect={setWished} />
    </div>
  );
}

const ENDINGS: Readonly<Record<Tuning["ended"], string>> = {
  found: "",
  exhausted: "",
  budget: " The time was up before the end.",
  cancelled: " Stopped before the end.",
};

interface StandingProps {
  readonly tuning: Tuning;
  readonly searching: boolean;
  readonly stale: boolean;
}

function Standing({ tuning, searching, stale }: StandingProps) {
  const { points, chosen, split, judged, ended, executor, seconds } = tuning;
  const [first, end] = split.calibration;
  const [from, to] = split.judgement;
  const labelled = judged.labelled < judged.samples ? `, ${judged.labelled} labelled` : "";
  return (
    <div data-testid="search-standing">
      {stale ? (
        <p className="hint">Stale: the recipe or the samples are not those of this search. Search again.</p>
      ) : null}
      <p>
        {searching ? (
          <strong>{plural(points.length, "point")} so far. </strong>
        ) : chosen === null ? (
          <strong className="verdict fail">
            No point keeps the limit; the nearest is number {tuning.best + 1}.{ENDINGS[ended]}{" "}
          </strong>
        ) : (
          <strong className="verdict pass">
            Number {chosen + 1} is the {tuning.request.rescue ? "first" : "smallest"} that keeps the limit.
            {ENDINGS[ended]}{" "}
          </strong>
        )}
        <span className="muted">
          Samples {first + 1} to {end} calibrated, {from + 1} to {to} judged ({judged.samples} read{labelled}
          {judged.by ? `; SQNR of ${judged.by.join(", ")}, since no output has floats of a size that holds` : ""});{" "}
          {duration(seconds * 1000)}, {executor.runtime}.
        </span>
      </p>
    </div>
  );
}
