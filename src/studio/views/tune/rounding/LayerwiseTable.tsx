import type { Layerwise } from "../../../../engine/model/finetuning.ts";
import { count, significant } from "../../../../engine/values/figures.ts";
import { decibel, duration } from "../../../../engine/values/units.ts";
import { decibelsOf } from "../../../charts/loss.ts";
import { Hint } from "../../../parts/Term.tsx";
import { useLayerLabels } from "./useLayerLabels.ts";

/** Of the table, what names take at most. */
const NAMES = 0.4;

/** Every layer whose codes were found, in the order they were. */
export function LayerwiseTable({ layers }: Pick<Layerwise, "layers">) {
  const { table, labelOf } = useLayerLabels(layers, NAMES);
  return (
    <table ref={table} className="table rounding-table" data-testid="layerwise-table">
      <caption>
        Codes, scales and zero points found layer by layer: error of each layer’s output on samples held out, with every
        layer before it as found
      </caption>
      <thead>
        <tr>
          <th scope="col">Layer</th>
          <th scope="col" className="number">
            Weights
          </th>
          <th scope="col" className="number">
            <Hint text="How much noisier the layer’s inputs were taken to be, in shares of their mean square, so that codes lean less on what few samples happen to be: what lost least on samples held out.">
              <span className="term">Noise</span>
            </Hint>
          </th>
          <th scope="col" className="number">
            Found
          </th>
          <th scope="col" className="number">
            Time
          </th>
        </tr>
      </thead>
      <tbody>
        {layers.map(({ layer, weights, noise, loss, seconds }) => (
          <tr key={layer} data-testid="layerwise-row">
            <th scope="row" title={layer}>
              {labelOf(layer)}
            </th>
            <td className="number">{count(weights)}</td>
            <td className="number">{significant(noise)}</td>
            <td className="number">{decibel(decibelsOf(loss))}</td>
            <td className="number">{duration(seconds * 1000)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
