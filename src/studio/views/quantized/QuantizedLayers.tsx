import { useMemo, useRef } from "react";
import {
  type LayerMatch,
  MATCHED_WORDS,
  type QuantizedFile,
  type StoredLayer,
} from "../../../engine/model/quantizedFile.ts";
import { decibel } from "../../../engine/values/units.ts";
import { useLabels } from "../../parts/useLabels.ts";
import { QuantizedLayer } from "./QuantizedLayer.tsx";
import { weightText } from "./weightText.ts";

/** Of the table, what names take at most, each in two lines. */
const NAMES = 0.5;

interface Props {
  readonly file: QuantizedFile;
  /** By layer of the file; null without the float model. */
  readonly matches: ReadonlyMap<string, LayerMatch> | null;
  readonly selected: string | null;
  readonly onSelect: (layer: string) => void;
}

/** The layers of a quantized file that hold weights in codes, or round what they make, and the one that is selected. */
export function QuantizedLayers({ file, matches, selected, onSelect }: Props) {
  const table = useRef<HTMLTableElement>(null);
  const told = useMemo(() => file.layers.filter(isTold), [file]);
  const ids = useMemo(() => told.map(({ id }) => id), [told]);
  const floats = useMemo(() => [...(matches?.values() ?? [])].map(({ float }) => float), [matches]);
  const labelOf = useLabels(table, ids, NAMES);
  const floatLabelOf = useLabels(table, floats, NAMES);
  const layer = told.find(({ id }) => id === selected) ?? told.find(({ weights }) => weights.length > 0) ?? told[0];
  return (
    <div className="quantized-layers">
      <div className="quantized-list">
        <table ref={table} className="table" data-testid="quantized-layers">
          <thead>
            <tr>
              <th scope="col">Layer</th>
              <th scope="col">Written as</th>
              <th scope="col">Weight</th>
              {matches ? (
                <>
                  <th scope="col">Is</th>
                  <th scope="col" className="number">
                    Weight SQNR
                  </th>
                </>
              ) : null}
            </tr>
          </thead>
          <tbody>
            {told.map((each) => (
              <tr key={each.id} className={each === layer ? "selected" : undefined}>
                <th scope="row">
                  <button
                    type="button"
                    className="link"
                    aria-pressed={each === layer}
                    title={each.id}
                    onClick={() => onSelect(each.id)}
                  >
                    {labelOf(each.id)}
                  </button>
                </th>
                <td className="quantized-written">{each.form === "qdq" ? `${each.written}, QDQ` : each.written}</td>
                <td>{each.weights.map(weightText).join("; ") || "–"}</td>
                {matches ? <Is match={matches.get(each.id)} labelOf={floatLabelOf} /> : null}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {layer ? <QuantizedLayer key={layer.id} layer={layer} /> : null}
    </div>
  );
}

function Is({
  match,
  labelOf,
}: {
  readonly match: LayerMatch | undefined;
  readonly labelOf: (name: string) => string;
}) {
  if (!match) return <td colSpan={2}>none of the float model</td>;
  return (
    <>
      <td title={`${match.float}, by ${MATCHED_WORDS[match.by]}`}>{labelOf(match.float)}</td>
      <td className="number">{match.sqnr === null ? "–" : decibel(match.sqnr)}</td>
    </>
  );
}

function isTold({ form, weights, makes }: StoredLayer): boolean {
  return form !== "float" || weights.length > 0 || makes.some(({ type }) => type !== null);
}
