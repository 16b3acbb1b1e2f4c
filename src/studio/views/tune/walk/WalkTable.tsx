import { memo, useMemo, useState } from "react";
import type { ErrorWalk, WalkStep } from "../../../../engine/model/sensitivity.ts";
import { plural } from "../../../../engine/values/figures.ts";
import { decibel } from "../../../../engine/values/units.ts";
import { byLoss, lossOf } from "../../../charts/walk.ts";

const SHOWN = 12;

interface Props {
  readonly walk: ErrorWalk;
  readonly selected: string | null;
  readonly onSelect: (layer: string) => void;
}

/** The figures of the walk: the steps that lose most, or all in graph order. */
export function WalkTable({ walk, selected, onSelect }: Props) {
  const [whole, setWhole] = useState(false);
  const worst = useMemo(() => byLoss(walk).slice(0, SHOWN), [walk]);
  const places = useMemo(() => new Map(walk.steps.map((step, index) => [step, index + 1])), [walk]);
  return (
    <table className="table walk-table" data-testid="walk-table">
      <caption>
        {whole ? "Every layer, in graph order" : "Where most is lost"}{" "}
        <button type="button" className="button" onClick={() => setWhole(!whole)}>
          {whole ? "Show where most is lost" : `Show all ${plural(walk.steps.length, "layer")}`}
        </button>
      </caption>
      <thead>
        <tr>
          <th scope="col" className="number">
            Place
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
  readonly place: number;
  readonly selected: boolean;
  readonly onSelect: (layer: string) => void;
}

const Step = memo(function Step({ step, place, selected, onSelect }: StepProps) {
  const loss = lossOf(step);
  return (
    <tr className={selected ? "selected" : undefined}>
      <td className="number">{place}</td>
      <th scope="row">
        <button type="button" className="link" aria-pressed={selected} onClick={() => onSelect(step.layer)}>
          {step.layer}
        </button>
      </th>
      <td className="number">{step.inputSqnr === null ? "–" : decibel(step.inputSqnr)}</td>
      <td className="number">{decibel(step.sqnr)}</td>
      <td className="number">{loss === null ? "–" : decibel(loss)}</td>
    </tr>
  );
});
