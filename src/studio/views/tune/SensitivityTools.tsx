import { ERROR_METRICS, type ErrorMetric } from "../../../engine/model/sensitivity.ts";
import { significant } from "../../../engine/values/figures.ts";
import { METRICS } from "../../metrics.ts";
import { NumberField } from "../../parts/NumberField.tsx";
import { StopButton } from "../../parts/WaitingFor.tsx";
import { sensitivityIsStale } from "../../state/figures.ts";
import { isBusy } from "../../state/recipe.ts";
import { MEASURING, measureSensitivity } from "../../state/sensitivity.ts";
import { actions } from "../../state/store.ts";
import { useProject, useResults, useStudio, useView, useWork } from "../../state/useStudio.ts";
import "./SensitivityTools.css";

/** Measures which layers hurt, says on what, and by which metric it is told. */
export function SensitivityTools() {
  const metric = useView((view) => view.metric);
  const task = useWork((work) => work.job?.task ?? null);
  const busy = useWork(isBusy);
  const possible = useProject((project) => project.calibration !== null && project.data !== null);
  return (
    <fieldset className="sensitivity-tools" aria-label="Sensitivity">
      <select
        className="input select"
        aria-label="Sensitivity told as"
        value={metric}
        onChange={(event) => actions.metricChosen(event.target.value as ErrorMetric)}
        data-testid="metric"
      >
        {ERROR_METRICS.map((value) => (
          <option key={value} value={value}>
            {METRICS[value].text}
          </option>
        ))}
      </select>
      {task === MEASURING ? (
        <StopButton testId="stop-sensitivity" />
      ) : (
        <button
          type="button"
          className="button"
          aria-keyshortcuts="s"
          title="Measure every layer’s sensitivity"
          disabled={busy || !possible}
          onClick={measureSensitivity}
          data-testid="measure-sensitivity"
        >
          Measure
        </button>
      )}
      <span className="sensitivity-line">
        <SampleField />
        <Standing running={task === MEASURING} />
      </span>
    </fieldset>
  );
}

/** How many samples sensitivity and the error walk are measured on. */
export function SampleField() {
  const samples = useStudio(({ project: { data }, view: { sensitivitySamples } }) =>
    data ? Math.min(sensitivitySamples, data.summary.samples) : sensitivitySamples,
  );
  return (
    <span className="sensitivity-samples">
      <NumberField
        label="on the first"
        unit="samples"
        value={samples}
        step={1}
        onCommit={actions.sensitivitySamplesChosen}
        testId="sensitivity-samples"
      />
    </span>
  );
}

function Standing({ running }: { readonly running: boolean }) {
  const result = useResults((results) => results.sensitivity?.result);
  const stale = useStudio(sensitivityIsStale);
  if (!result) return null;
  const { samples, wanted, ranked, reliability } = result;
  const on = samples < wanted ? `${samples} of ${wanted}` : String(samples);
  const standing = running ? `${on} so far` : stale ? "stale" : `measured on ${on}`;
  return (
    <span
      className={stale && !running ? "hint" : "muted"}
      title={`${on} samples, ${running ? "going on" : stale ? "before the last change" : "under this recipe"}${
        reliability === null
          ? ""
          : `; two halves of them rank the layers alike to ${significant(reliability)}, and each layer alone is measured on ${ranked}`
      }`}
      data-testid="sensitivity-standing"
    >
      {standing}
    </span>
  );
}
