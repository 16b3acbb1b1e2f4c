import { useMemo, useRef } from "react";
import type { CodeSearch, ScaledInput } from "../../../../engine/model/codeSearch.ts";
import { count, plural } from "../../../../engine/values/figures.ts";
import { percent } from "../../../../engine/values/shares.ts";
import { decibel } from "../../../../engine/values/units.ts";
import { decibelsOf } from "../../../charts/loss.ts";
import { Hint } from "../../../parts/Term.tsx";
import { useLabels } from "../../../parts/useLabels.ts";
import { LeftOver } from "../LeftOver.tsx";
import { useLayerNames } from "../useLayerNames.ts";

const NONE = "–";
/** Of the table, what names take at most. */
const NAMES = 0.3;

/** Every layer in the order in which codes are found: the error before and after, and by AWQ what scaling its input left. */
export function CodesTable({ search }: { readonly search: CodeSearch }) {
  const { layers, scaling } = search;
  const all = [
    ...new Set([...layers.map(({ layer }) => layer), ...inputsOf(scaling).keys(), ...(scaling?.unscaled ?? [])]),
  ];
  return all.length === 0 ? null : <Layers search={search} all={all} />;
}

/** What layers read, by layer. */
function inputsOf(scaling: CodeSearch["scaling"]): ReadonlyMap<string, ScaledInput> {
  return new Map(scaling?.inputs.flatMap((input) => input.layers.map((layer) => [layer, input] as const)));
}

function Layers({ search, all }: { readonly search: CodeSearch; readonly all: readonly string[] }) {
  const { layers, scaling, samples } = search;
  const names = useLayerNames();
  const inputs = inputsOf(scaling);
  const found = new Map(layers.map((layer) => [layer.layer, layer]));
  const table = useRef<HTMLTableElement>(null);
  const shown = useMemo(() => all.map((id) => names.get(id) ?? id), [all, names]);
  const labelOf = useLabels(table, shown, NAMES);
  return (
    <table ref={table} className="table" data-testid="codes-table">
      <caption>
        Error of each layer’s output, measured on the first {plural(samples, "sample")}, which codes were found on;
        before: with the codes that need no samples
      </caption>
      <thead>
        <tr>
          <th scope="col">Layer</th>
          <th scope="col" className="number">
            Weights
          </th>
          {scaling ? (
            <th scope="col" className="number">
              <Hint text="The squared error that scaling the layer’s input left, as a share of that unscaled.">
                <span className="term">Input scaled</span>
              </Hint>
            </th>
          ) : null}
          <th scope="col" className="number">
            Before
          </th>
          <th scope="col" className="number">
            After
          </th>
          <th scope="col">
            <Hint text="The squared error that is left, as a share of that before.">
              <span className="term">Left</span>
            </Hint>
          </th>
        </tr>
      </thead>
      <tbody>
        {all.map((id) => {
          const layer = found.get(id);
          return (
            <tr key={id} data-testid="codes-row">
              <th scope="row" title={id}>
                {labelOf(names.get(id) ?? id)}
              </th>
              <td className="number">{layer ? count(layer.weights) : NONE}</td>
              {scaling ? <td className="number">{scaledText(inputs.get(id))}</td> : null}
              <td className="number">{layer ? decibel(decibelsOf(layer.plain)) : NONE}</td>
              <td className="number">{layer ? decibel(decibelsOf(layer.found)) : NONE}</td>
              <td>{layer ? <LeftOver share={layer.left} /> : NONE}</td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}

/** What nothing can be folded into is not scaled. */
function scaledText(input: ScaledInput | undefined): string {
  if (!input) return "cannot be";
  return input.power > 0 ? percent(input.left) : "gains nothing";
}
