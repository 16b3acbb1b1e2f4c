import { dimsText } from "../../../../engine/values/dims.ts";
import { Empty } from "../../../parts/Empty.tsx";
import { PrecisionMark } from "../../../parts/Precision.tsx";
import { rowReason } from "../../../state/rowReason.ts";
import { rowOf } from "../../../state/selection.ts";
import { actions } from "../../../state/store.ts";
import { useProject, useStudio } from "../../../state/useStudio.ts";
import { ClipEditor } from "./ClipEditor.tsx";
import { CulpritBadge, Diagnosis } from "./Diagnosis.tsx";
import { LayerForm } from "./LayerForm.tsx";
import { LayerSensitivity } from "./LayerSensitivity.tsx";
import { ValuesPanel } from "./ValuesPanel.tsx";
import { WeightPanel } from "./WeightPanel.tsx";

/** The selected layer: the values of its output and their clip range, and its weights. */
export default function LayerView() {
  const calibrated = useProject((project) => project.calibration !== null);
  const row = useStudio(rowOf);
  const activation = useStudio((state) =>
    state.project.model?.plan.activations.find((entry) => entry.name === rowOf(state)?.outputs[0]),
  );
  const awaited = useStudio((state) => state.project.calibration !== null && state.results.overview.size === 0);
  if (!row && awaited) {
    return (
      <>
        <p className="muted">Estimating what every layer’s range costs…</p>
        <div className="skeleton chart-waiting" />
      </>
    );
  }
  if (!row) return <Empty title="Choose a layer in the list to see its values." />;
  return (
    <>
      <div className="tune-head">
        <h2 title={row.id} data-testid="selected-layer">
          {row.id}
        </h2>
        <PrecisionMark precision={row.precision} />
        <span className="muted">{row.operator}</span>
        {calibrated ? <CulpritBadge row={row} /> : null}
        {row.free ? <LayerForm layer={row.id} /> : null}
        {activation?.dims ? <span className="muted">{dimsText(activation.dims)}</span> : null}
      </div>
      {row.reason ? (
        <p className="hint">
          Stays in float: {rowReason(row)}.{row.group ? " Its output is quantized for the layers that read it." : ""}
        </p>
      ) : null}
      {row.fusedWith ? (
        <p className="muted" data-testid="fused">
          Fused with {row.fusedWith}: the range is the one after that layer.
        </p>
      ) : null}
      {!calibrated ? (
        <Empty title="Its values are not known before the model is calibrated.">
          <button type="button" className="button primary" onClick={() => actions.stepChosen("calibrate")}>
            Go to Calibrate
          </button>
        </Empty>
      ) : row.group ? (
        <ClipEditor key={row.group} group={row.group} />
      ) : row.outputs[0] ? (
        <ValuesPanel key={row.outputs[0]} tensor={row.outputs[0]} />
      ) : null}
      <LayerSensitivity row={row} />
      {calibrated ? <Diagnosis row={row} /> : null}
      {row.weight && row.precision !== "float32" ? (
        <WeightPanel key={row.weight} name={row.weight} layer={row.id} />
      ) : null}
    </>
  );
}
