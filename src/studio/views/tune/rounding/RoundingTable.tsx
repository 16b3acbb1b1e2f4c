import { memo } from "react";
import type { LayerRounding, Rounding } from "../../../../engine/model/rounding.ts";
import { count } from "../../../../engine/values/figures.ts";
import { percent } from "../../../../engine/values/shares.ts";
import { decibel, duration } from "../../../../engine/values/units.ts";
import { decibelsOf } from "../../../charts/loss.ts";
import { Hint } from "../../../parts/Term.tsx";
import { LeftOver } from "../LeftOver.tsx";
import { useLayerLabels } from "./useLayerLabels.ts";

/** Of the table, what names take at most. */
const NAMES = 0.3;

interface Props {
  readonly rounding: Rounding;
  readonly selected: string | null;
  readonly onSelect: (layer: string) => void;
}

/** Every layer learned, in the order it was; a press shows its curve. */
export function RoundingTable({ rounding, selected, onSelect }: Props) {
  const { table, labelOf } = useLayerLabels(rounding.layers, NAMES);
  return (
    <table ref={table} className="table rounding-table" data-testid="rounding-table">
      <caption>
        Error of each layer’s output, measured on the samples it learned from, with every layer before it rounded
      </caption>
      <thead>
        <tr>
          <th scope="col">Layer</th>
          <th scope="col" className="number">
            Weights
          </th>
          <th scope="col" className="number">
            <Hint text="Weights that are not rounded to the nearest level.">
              <span className="term">Changed</span>
            </Hint>
          </th>
          <th scope="col" className="number">
            Nearest
          </th>
          <th scope="col" className="number">
            Learned
          </th>
          <th scope="col">
            <Hint text="The squared error that is left, as a share of that of rounding to nearest.">
              <span className="term">Left</span>
            </Hint>
          </th>
          <th scope="col" className="number">
            Time
          </th>
        </tr>
      </thead>
      <tbody>
        {rounding.layers.map((layer) => (
          <Layer
            key={layer.layer}
            name={labelOf(layer.layer)}
            layer={layer}
            selected={layer.layer === selected}
            onSelect={onSelect}
          />
        ))}
      </tbody>
    </table>
  );
}

interface LayerProps {
  readonly name: string;
  readonly layer: LayerRounding;
  readonly selected: boolean;
  readonly onSelect: (layer: string) => void;
}

const Layer = memo(function Layer({ name, layer, selected, onSelect }: LayerProps) {
  const { weights, changed, nearest, learned, seconds } = layer;
  const left = nearest > 0 ? learned / nearest : 1;
  return (
    <tr className={selected ? "selected" : undefined} data-testid="rounding-row">
      <th scope="row">
        <button
          type="button"
          className="link"
          title={layer.layer}
          aria-pressed={selected}
          onClick={() => onSelect(layer.layer)}
        >
          {name}
        </button>
      </th>
      <td className="number">{count(weights)}</td>
      <td className="number">{percent(weights > 0 ? changed / weights : 0)}</td>
      <td className="number">{decibel(decibelsOf(nearest))}</td>
      <td className="number">{decibel(decibelsOf(learned))}</td>
      <td>
        <LeftOver share={left} />
      </td>
      <td className="number">{duration(seconds * 1000)}</td>
    </tr>
  );
});
