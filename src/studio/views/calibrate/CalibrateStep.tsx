import type { Calibration } from "../../../engine/model/calibration.ts";
import { takesRanges } from "../../../engine/model/format.ts";
import { count, plural } from "../../../engine/values/figures.ts";
import { duration } from "../../../engine/values/units.ts";
import { Empty } from "../../parts/Empty.tsx";
import { Facts } from "../../parts/Facts.tsx";
import { Notices } from "../../parts/Notices.tsx";
import { Term } from "../../parts/Term.tsx";
import { NeedsData } from "../../parts/WaitingFor.tsx";
import { begunWith } from "../../state/begun.ts";
import { calibrate } from "../../state/calibrate.ts";
import { largeText } from "../../state/large.ts";
import { isStandIn } from "../../state/standIn.ts";
import { calibrationIsStale, isPartial, withoutSeen } from "../../state/steps.ts";
import { actions } from "../../state/store.ts";
import { useFacts } from "../../state/useFacts.ts";
import { useProject, useWork } from "../../state/useStudio.ts";
import { uncalibratedText } from "../outputText.ts";
import { DriftPane } from "./DriftPane.tsx";
import { ExecutionForm } from "./ExecutionForm.tsx";
import { Executors } from "./Executors.tsx";
import "./CalibrateStep.css";

/** Running the samples through the float model, and what came of it. */
export function CalibrateStep() {
  const facts = useFacts();
  const busy = useWork((work) => work.job !== null);
  const time = useProject((project) => project.calibrationTime);
  const begun = useProject((project) => project.begun);
  const { data, samples } = facts;
  const calibration = facts.calibration && !isStandIn(facts.calibration) ? facts.calibration : null;
  const weightsOnly = facts.recipe !== null && !takesRanges(facts.recipe.present);
  const nothing = facts.model?.plan.layers.every((layer) => layer.precision === "float32");
  if (facts.model?.large && !weightsOnly) {
    return (
      <>
        <h2>Calibrate</h2>
        <Empty title={largeText(facts.model.file.name, facts.model.large)} />
      </>
    );
  }
  if (!data && !calibration && !weightsOnly) {
    return (
      <>
        <h2>Calibrate</h2>
        <NeedsData title="Calibration watches the model at work, so it needs samples." />
      </>
    );
  }
  const partial = isPartial(facts);
  const stale = calibrationIsStale(facts);
  const wanted = withoutSeen(facts);
  const seen = wanted && begunWith(wanted, { begun, data, samples });
  return (
    <>
      <h2>
        <Term word="calibration">Calibrate</Term>
      </h2>
      {nothing ? (
        <p>Nothing to quantize: every layer of this model stays in float. The list of layers says why.</p>
      ) : null}
      {weightsOnly ? (
        <p data-testid="weights-only">
          {facts.recipe ? uncalibratedText(facts.recipe.present, facts.model?.plan) : null}
        </p>
      ) : null}
      <p className="muted">
        {data
          ? `Runs the first ${plural(samples, "sample")} through the float model and notes which values every tensor takes.`
          : calibration
            ? "The statistics are at hand; to calibrate again, drop the samples in."
            : null}
      </p>
      {data ? (
        <p>
          <button
            type="button"
            className={weightsOnly || (calibration && !partial && !stale) ? "button" : "button primary"}
            disabled={busy}
            onClick={calibrate}
            data-testid="calibrate"
          >
            {seen || (partial && !stale) ? "Go on calibrating" : calibration ? "Calibrate again" : "Calibrate"}
          </button>{" "}
          {(calibration && !stale && !busy) || (weightsOnly && !calibration) ? (
            <button
              type="button"
              className={partial ? "button" : "button primary"}
              onClick={() => actions.stepChosen("tune")}
            >
              {weightsOnly ? "Go to Tune" : "Tune the ranges"}
            </button>
          ) : null}
        </p>
      ) : null}
      {seen && !busy ? (
        <p className="hint" data-testid="calibration-begun">
          Stopped at {count(seen.observed.length)} of {plural(seen.wanted, "sample")}
          {scaledText(seen)}: calibrating goes on from there.
        </p>
      ) : null}
      {data ? <ExecutionForm /> : null}
      {calibration ? (
        <div className={stale ? "calibrated stale" : "calibrated"}>
          {stale ? (
            <p className="hint">
              Stale: the samples or the preprocessing changed since. Calibrate again to bring it up to date.
            </p>
          ) : partial && !busy ? (
            <p className="hint">
              Stopped at {count(calibration.observed.length)} of {plural(calibration.wanted, "sample")}: go on from
              there, or use what has been seen.
            </p>
          ) : null}
          <Facts
            wide
            facts={[
              {
                key: "Samples seen",
                value: `${count(calibration.observed.length)} of ${count(calibration.wanted)}`,
                testId: "calibration-observed",
              },
              { key: "Skipped", value: count(calibration.skipped.length), testId: "calibration-skipped" },
              { key: "NaN or Inf", value: nonFinite(calibration.statistics), testId: "calibration-nonfinite" },
              { key: "Tensors watched", value: count(calibration.statistics.size) },
              { key: "Time", value: time === null ? "–" : duration(time) },
            ]}
          />
          <Executors calibration={calibration} />
          <Notices notices={calibration.notices} label="Notices about the calibration" />
          {weightsOnly || partial ? null : <DriftPane />}
        </div>
      ) : null}
    </>
  );
}

function scaledText({ equalized, smoothed }: Calibration): string {
  if (!equalized && !smoothed) return "";
  return ` of the model ${[equalized ? "equalized" : "", smoothed ? "smoothed" : ""].filter(Boolean).join(" and ")}`;
}

type Statistics = Calibration["statistics"];

function nonFinite(statistics: Statistics): string {
  const tensors = [...statistics.values()].filter(
    (entry) => entry.nan + entry.positiveInfinity + entry.negativeInfinity > 0,
  );
  return tensors.length === 0 ? "none" : `in ${plural(tensors.length, "tensor")}`;
}
