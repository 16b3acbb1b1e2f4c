import { memo, useMemo, useRef } from "react";
import type { TunePoint, Tuning } from "../../../../engine/model/tuning.ts";
import { significant } from "../../../../engine/values/figures.ts";
import { change, points as gain, percent } from "../../../../engine/values/shares.ts";
import { byteSize, decibel } from "../../../../engine/values/units.ts";
import { Hint } from "../../../parts/Term.tsx";
import { useLabels } from "../../../parts/useLabels.ts";

/** Of the table, what labels take at most, in two lines. */
const LABELS = 0.6;

interface Props {
  readonly tuning: Tuning;
  readonly selected: number;
  readonly adopted: number | null;
  readonly onSelect: (index: number) => void;
}

/** Every point of a search in the order it was tried; each can be selected by keyboard. */
export function SearchTable({ tuning, selected, adopted, onSelect }: Props) {
  const table = useRef<HTMLTableElement>(null);
  const labels = useMemo(() => tuning.points.map(({ label }) => label), [tuning]);
  const labelOf = useLabels(table, labels, LABELS);
  return (
    <table ref={table} className="table search-table" data-testid="search-table">
      <caption>Measured on the exported model, on the samples that judge</caption>
      <thead>
        <tr>
          <th scope="col" className="number">
            #
          </th>
          <th scope="col">Tried</th>
          <th scope="col" className="number">
            Size
          </th>
          <th scope="col" className="number">
            In float
          </th>
          <th scope="col" className="number">
            SQNR
          </th>
          <th scope="col" className="number">
            {tuning.points.some(isOfTokens) ? "Perplexity" : "Top-1"}
          </th>
          <th scope="col" className="number most">
            Change
          </th>
          <th scope="col" className="number">
            <Hint text="Estimated: every sample judged under the errors of all samples, which depends less on luck than counting does.">
              <span className="term">Expected</span>
            </Hint>
          </th>
          <th scope="col">Limit</th>
        </tr>
      </thead>
      <tbody>
        {tuning.points.map((point, index) => (
          <PointRow
            key={point.label + point.decisions.length}
            point={point}
            label={labelOf(point.label)}
            index={index}
            selected={index === selected}
            note={
              index === adopted
                ? "adopted"
                : index === tuning.chosen
                  ? tuning.request.rescue
                    ? "first"
                    : "smallest"
                  : ""
            }
            onSelect={onSelect}
          />
        ))}
      </tbody>
    </table>
  );
}

function isOfTokens({ top1, perplexity }: TunePoint): boolean {
  return !top1 && perplexity !== null;
}

interface RowProps {
  readonly point: TunePoint;
  readonly label: string;
  readonly index: number;
  readonly selected: boolean;
  readonly note: string;
  readonly onSelect: (index: number) => void;
}

const PointRow = memo(function PointRow({ point, label, index, selected, note, onSelect }: RowProps) {
  const { bytes, floatLayers, sqnr, top1, perplexity, expected, passed } = point;
  return (
    <tr className={selected ? "selected" : undefined} data-testid="search-row">
      <td className="number">{index + 1}</td>
      <th scope="row">
        <button
          type="button"
          className="link"
          title={point.label}
          aria-pressed={selected}
          onClick={() => onSelect(index)}
        >
          {label}
        </button>
        {note ? <span className="badge">{note}</span> : null}
      </th>
      <td className="number">{byteSize(bytes)}</td>
      <td className="number">{floatLayers}</td>
      <td className="number">{decibel(sqnr)}</td>
      <td className="number">
        {top1 ? percent(top1.quantized) : perplexity ? significant(perplexity.quantized) : "–"}
      </td>
      <td className="number most">
        {top1 ? gain(-top1.drop) : perplexity ? change(perplexity.float, perplexity.quantized) : "–"}
      </td>
      <td className="number">{expected === null ? "–" : gain(-expected)}</td>
      <td>
        <span className={`verdict ${passed ? "pass" : "fail"}`}>{passed ? "● kept" : "× missed"}</span>
      </td>
    </tr>
  );
});
