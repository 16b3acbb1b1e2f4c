import { memo } from "react";
import { significant, significantTo } from "../../../engine/values/figures.ts";
import { percentFrom } from "../../../engine/values/shares.ts";
import { decibel } from "../../../engine/values/units.ts";
import { rampColor } from "../../charts/ramp.ts";
import { Sparkline } from "../../charts/Sparkline.tsx";
import { errorDigits, METRICS, sensitivityText } from "../../metrics.ts";
import { PrecisionMark } from "../../parts/Precision.tsx";
import { sensitivityFigures } from "../../state/figures.ts";
import { type Row, worseSqnr } from "../../state/layers.ts";
import { setQuantized } from "../../state/recipe.ts";
import { rowReason } from "../../state/rowReason.ts";
import { actions } from "../../state/store.ts";
import { useProject, useResults, useStudio, useView } from "../../state/useStudio.ts";
import { outputText } from "../outputText.ts";

interface Props {
  readonly row: Row;
  /** Its name as it has room. */
  readonly label: string;
  readonly index: number;
  readonly top: number;
  readonly selected: boolean;
}

/** One layer: its figures are estimates from the statistics; one in float says why. */
export const LayerRow = memo(function LayerRow({ row, label, index, top, selected }: Props) {
  const figures = useResults((results) => (row.group ? results.overview.get(row.group) : undefined));
  const awaited = useStudio(
    (state) => row.group !== null && state.project.calibration !== null && state.results.overview.size === 0,
  );
  const weight = useResults((results) => results.diagnosis?.weightSqnr.get(row.id));
  const number = row.fusedWith ? "cell-number fused" : "cell-number";
  const hint = row.fusedWith ? `estimated, after ${row.fusedWith}` : "estimated";
  const worse = worseSqnr(figures?.figures.sqnr, weight);
  const isOfWeight = worse?.of === "weight";
  const output = useProject(({ recipe, model }) =>
    row.group === null && recipe ? outputText(row.precision, recipe.present, model?.plan) : null,
  );
  const reason = rowReason(row) ?? output;
  const inFloat = row.precision === "float32";
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the arrow keys walk the rows (useKeys.ts)
    <div
      className={selected ? "layer-row selected" : "layer-row"}
      role="row"
      aria-rowindex={index + 2}
      aria-selected={selected}
      data-testid="layer-row"
      data-layer={row.id}
      style={{ transform: `translateY(${top}px)` }}
      onClick={() => actions.layerOpened(row.id)}
    >
      <span role="gridcell" className="cell-name" title={row.id}>
        <Name name={label} />
      </span>
      <span role="gridcell" className="cell-operator" title={row.operator}>
        {row.operator}
      </span>
      <span role="gridcell" className="cell-precision">
        {row.free ? (
          <button
            type="button"
            className="precision-button"
            tabIndex={-1}
            title={inFloat ? "Quantize this layer" : "Leave this layer in float"}
            onClick={() => setQuantized(row.id, inFloat)}
          >
            <PrecisionMark precision={row.precision} />
          </button>
        ) : (
          <PrecisionMark precision={row.precision} />
        )}
      </span>
      <SensitivityCell id={row.id} />
      {figures ? (
        <>
          <span
            role="gridcell"
            className={isOfWeight ? "cell-number" : number}
            title={isOfWeight ? ofWeight(figures.figures.sqnr, hint) : hint}
            data-testid="layer-sqnr"
          >
            {worse ? decibels(worse.sqnr) : "–"}
          </span>
          <span role="gridcell" className={number} title={hint}>
            {share(figures.figures.clipped)}
          </span>
          {row.fusedWith ? (
            <span role="gridcell" className="cell-fused" title={`fused with ${row.fusedWith}`}>
              fused
            </span>
          ) : (
            <span role="gridcell" className="cell-spark">
              <Sparkline heights={figures.spark} />
            </span>
          )}
        </>
      ) : reason ? (
        <span role="gridcell" className="cell-reason" aria-colspan={3} title={reason}>
          {reason}
        </span>
      ) : (
        <span role="gridcell" className={awaited ? "cell-reason skeleton" : "cell-reason"} aria-colspan={3} />
      )}
    </div>
  );
});

function ofWeight(values: number, hint: string): string {
  return `of its weight, every channel counting the same, measured; of its values ${decibel(values)}, ${hint}`;
}

/** What the layer alone costs the model's output, measured. */
function SensitivityCell({ id }: { readonly id: string }) {
  const figure = useStudio((state) => sensitivityFigures(state).get(id));
  const all = useResults((results) => results.sensitivity?.result.all);
  const metric = useView((view) => view.metric);
  if (!figure || !all) return <span role="gridcell" className="cell-sensitivity" />;
  return (
    <span
      role="gridcell"
      className="cell-sensitivity"
      title={sensitivityText(figure.measured, all, metric)}
      data-testid="layer-sensitivity"
    >
      <span className="track" aria-hidden="true">
        <span className="track-bar" style={{ width: `${figure.share * 100}%`, background: rampColor(figure.share) }} />
      </span>
      <span className="track-number" style={{ width: `${METRICS[metric].digits}ch` }}>
        {errorDigits(figure.value, metric)}
      </span>
    </span>
  );
}

const SHORT = 14;
const TAIL = 9;

/** A name that gives way in its middle, since names differ at their ends. */
function Name({ name }: { readonly name: string }) {
  const cut = name.length > SHORT ? name.length - TAIL : name.length;
  return (
    <>
      <span className="name-head">{name.slice(0, cut)}</span>
      <span className="name-tail">{name.slice(cut)}</span>
    </>
  );
}

/** SQNR with as many digits as its column holds. */
function decibels(value: number): string {
  return Math.abs(value) < 10 ? significantTo(value, 2) : significant(value);
}

/** A share with two digits, as much as its column holds. */
function share(value: number): string {
  return value >= 1e-4 ? `${Number((value * 100).toPrecision(2))} %` : percentFrom(1e-4, value);
}
