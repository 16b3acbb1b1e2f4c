import { memo } from "react";
import type { Probe } from "../../../engine/model/evaluation.ts";
import { plural, signed, significant } from "../../../engine/values/figures.ts";
import { change, percent, points } from "../../../engine/values/shares.ts";
import { byteSize, decibel } from "../../../engine/values/units.ts";
import { Notices } from "../../parts/Notices.tsx";
import { Term } from "../../parts/Term.tsx";
import { probedRange, probeIsStale, setMeasuring } from "../../state/probe.ts";
import type { Probed } from "../../state/slices/results.ts";
import { useResults, useStudio, useView, useWork } from "../../state/useStudio.ts";
import type { Word } from "../../words.ts";
import "./ProbePane.css";

interface Figure {
  readonly key: string;
  readonly word: Word | null;
  /** Where the figures themselves have none. */
  readonly unit?: string;
  readonly of: (probe: Probe) => number | null;
  readonly text: (value: number) => string;
  readonly change: (from: number, to: number) => string;
}

const FIGURES: readonly Figure[] = [
  {
    key: "SQNR",
    word: "SQNR",
    unit: "dB",
    of: ({ sqnr }) => sqnr,
    text: significant,
    change: (from, to) => signed(to - from),
  },
  {
    key: "agreement",
    word: "agreement",
    of: ({ agreement }) => agreement,
    text: percent,
    change: (from, to) => points(to - from),
  },
  {
    key: "KL",
    word: "KL",
    unit: "nat",
    of: ({ kl }) => kl,
    text: significant,
    change: (from, to) => signed(to - from),
  },
  {
    key: "top-1 drop",
    word: null,
    of: ({ drop }) => drop,
    text: (value) => `${significant(value * 100)} pt`,
    change: (from, to) => points(to - from),
  },
  { key: "size", word: null, of: ({ bytes }) => bytes, text: byteSize, change },
];

/** What the last change came to on a few samples, against what was before it. */
export function ProbePane() {
  const probed = useResults((results) => results.probed);
  const stale = useStudio(probeIsStale);
  const measuring = useView((view) => view.measuring);
  return (
    <section className="probe" aria-label="What the last change came to" data-testid="probe">
      <div className="probe-head">
        <label className="check">
          <input
            type="checkbox"
            checked={measuring}
            onChange={(event) => setMeasuring(event.target.checked)}
            data-testid="measuring"
          />
          Measure after each change
        </label>
        <Progress />
      </div>
      {probed ? <Notices notices={probed.result.notices} label="Notices about the last change" /> : null}
      {probed ? <Table probed={probed} stale={stale} /> : null}
      <Missing />
    </section>
  );
}

function Table({ probed: { result, before }, stale }: { readonly probed: Probed; readonly stale: boolean }) {
  return (
    <table className={stale ? "table figures stale" : "table figures"} data-testid="probe-result" data-stale={stale}>
      <caption>
        {stale ? "Stale: measured before the last change, on" : "Measured on"} {plural(result.samples, "sample")},{" "}
        {significant(result.seconds)} s
      </caption>
      <thead>
        <tr>
          <th scope="col">{result.output}</th>
          <th scope="col" className="number">
            before
          </th>
          <th scope="col" className="number">
            now
          </th>
          <th scope="col" className="number">
            change
          </th>
        </tr>
      </thead>
      <tbody>
        {FIGURES.map((figure) => {
          const now = figure.of(result);
          const was = before && figure.of(before);
          if (now === null) return null;
          return (
            <tr key={figure.key} data-testid={`probe-${figure.key}`}>
              <th scope="row">
                {figure.word ? <Term word={figure.word} /> : figure.key}
                {figure.unit ? `, ${figure.unit}` : null}
              </th>
              <td className="number">{was === null ? "" : figure.text(was)}</td>
              <td className="number">{figure.text(now)}</td>
              <td className="number">{was === null ? "" : figure.change(was, now)}</td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}

/** The same in one line, where the handles are. */
export const ProbeLine = memo(function ProbeLine() {
  const probed = useResults((results) => results.probed);
  const stale = useStudio(probeIsStale);
  const busy = useWork((work) => work.probing !== null && work.probing.failure === null);
  if (!probed)
    return busy ? (
      <p className="probe-line muted">
        Measuring… <Progress />
      </p>
    ) : null;
  const { result, before } = probed;
  return (
    <p className={stale ? "probe-line stale" : "probe-line"} data-testid="probe-line">
      <span>
        {stale ? "Stale, measured" : "Measured"} on {plural(result.samples, "sample")}: <Term word="SQNR" />{" "}
        <strong>{result.sqnr === null ? "–" : decibel(result.sqnr)}</strong>
        {before && before.sqnr !== null ? ` (was ${decibel(before.sqnr)})` : null}
        {result.agreement === null ? null : (
          <>
            , <Term word="agreement" /> <strong>{percent(result.agreement)}</strong>
          </>
        )}
      </span>{" "}
      <Progress />
    </p>
  );
});

function Progress() {
  const probing = useWork((work) => work.probing);
  if (!probing || probing.failure !== null) return null;
  const { done = 0, total = 1 } = probing.progress ?? {};
  return <progress className="probe-progress" value={done} max={total} aria-label="Measuring the last change" />;
}

/** Why nothing is measured. */
function Missing() {
  const failure = useWork((work) => work.probing?.failure ?? null);
  const reason = useStudio((state) => {
    if (!state.view.measuring || !state.project.calibration) return null;
    if (!state.project.data) return "Drop the samples in to measure changes.";
    return probedRange(state.project)
      ? null
      : "Every sample calibrates: leave some in the Data step to measure changes on.";
  });
  if (failure !== null) return <p className="failure">{failure}</p>;
  return reason === null ? null : <p className="muted">{reason}</p>;
}
