import { memo, useMemo, useRef, useState } from "react";
import type { ErrorWalk, WalkStep } from "../../../../engine/model/sensitivity.ts";
import { plural } from "../../../../engine/values/figures.ts";
import { decibel } from "../../../../engine/values/units.ts";
import { byCulprit, byLoss, lossOf } from "../../../charts/walk.ts";
import { useLabels } from "../../../parts/useLabels.ts";

const SHOWN = 12;
/** Of the table, what names take at most. */
const NAMES = 0.5;

interface Props {
  readonly walk: ErrorWalk;
  /** The layers of the one list of culprits, worst first; null where there is none. */
  readonly culprits: readonly string[] | null;
  readonly selected: string | null;
  readonly onSelect: (layer: string) => void;
}

/** The figures of the walk: the culprits, or without a list of these the steps that lose most; or all in graph order. */
export function WalkTable({ walk, culprits, selected, onSelect }: Props) {
  const [whole, setWhole] = useState(false);
  const table = useRef<HTMLTableElement>(null);
  const ranked = culprits && culprits.length > 0;
  const worst = useMemo(
    () => (ranked ? byCulprit(walk, culprits).map(({ step }) => step) : byLoss(walk)).slice(0, SHOWN),
    [walk, culprits, ranked],
  );
  const layers = useMemo(() => walk.steps.map(({ layer }) => layer), [walk]);
  const labelOf = useLabels(table, layers, NAMES);
  const some = ranked ? "The culprits, worst first" : "Where most is lost";
  const places = useMemo(() => new Map(walk.steps.map((step, index) => [step, index + 1])), [walk]);
  return (
    <table ref={table} className="table walk-table" data-testid="walk-table">
      <caption>
        {whole ? "Every layer, in graph order" : some}{" "}
        <button type="button" className="button" onClick={() => setWhole(!whole)}>
          {whole
            ? ranked
              ? "Show the culprits"
              : "Show where most is lost"
            : `Show all ${plural(walk.steps.length, "layer")}`}
        </button>
      </caption>
      <thead>
        <tr>
          <th scope="col" className="number">
            In the graph
          </th>
          <th scope="col">Layer</th>
          <th scope="col" className="number">
            It reads
          </th>
          <th scope="col" className="number">
            It makes
          </th>
          <th scope="col" className="number">
            Lost
          </th>
        </tr>
      </thead>
      <tbody>
        {(whole ? walk.steps : worst).map((step) => (
          <Step
            key={step.layer}
            step={step}
            label={labelOf(step.layer)}
            place={places.get(step)!}
            selected={step.layer === selected}
            onSelect={onSelect}
          />
        ))}
      </tbody>
    </table>
  );
}

interface StepProps {
  readonly step: WalkStep;
  readonly label: string;
  readonly place: number;
  readonly selected: boolean;
  readonly onSelect: (layer: string) => void;
}

const Step = memo(function Step({ step, label, place, selected, onSelect }: StepProps) {
  const loss = lossOf(step);
  return (
    <tr className={selected ? "selected" : undefined}>
      <td className="number">{place}</td>
      <th scope="row">
        <button
          type="button"
          className="link"
          title={step.layer}
          aria-pressed={selected}
          onClick={() => onSelect(step.layer)}
        >
          {label}
        </button>
      </th>
      <td className="number">{step.inputSqnr === null ? "–" : decibel(step.inputSqnr)}</td>
      <td className="number">{decibel(step.sqnr)}</td>
      <td className="number">{loss === null ? "–" : decibel(loss)}</td>
    </tr>
  );
});
