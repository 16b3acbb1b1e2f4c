import { useMemo, useRef } from "react";
import { type Clipped, clippedName, mostClipped } from "../../../engine/model/clipped.ts";
import { interval, plural } from "../../../engine/values/figures.ts";
import { percent } from "../../../engine/values/shares.ts";
import { Term } from "../../parts/Term.tsx";
import { useLabels } from "../../parts/useLabels.ts";

const LISTED = 10;
/** The share of the table that names have. */
const NAMES = 0.42;

interface ClippingProps {
  readonly clipped: readonly Clipped[];
  /** That judged. */
  readonly samples: number;
}

/** What the clip ranges cut off on the samples that judged, the layers that lose most first. */
export function Clipping({ clipped, samples }: ClippingProps) {
  const worst = useMemo(() => mostClipped(clipped, LISTED), [clipped]);
  const names = useMemo(() => worst.map(clippedName), [worst]);
  const table = useRef<HTMLTableElement>(null);
  const labelOf = useLabels(table, names, NAMES);
  if (clipped.length === 0) return null;
  const [most] = worst;
  if (!most) {
    return (
      <p className="muted small" data-testid="clipping">
        {`No value of ${plural(samples, "sample")} is cut off by the clip range of its layer.`}
      </p>
    );
  }
  return (
    <details data-testid="clipping">
      <summary>{`Clipped by layer: up to ${percent(most.share)} of the values`}</summary>
      <table className="table figures" ref={table}>
        <caption>
          {`Values of the float model more than half a step outside the clip range, counted on ${plural(samples, "sample")}; of ${plural(clipped.length, "range")} those that cut off most`}
        </caption>
        <thead>
          <tr>
            <th scope="col">Layer</th>
            <th scope="col" className="number">
              <Term word="clip range" />
            </th>
            <th scope="col" className="number">
              <Term word="clipped" />
            </th>
          </tr>
        </thead>
        <tbody>
          {worst.map((each) => (
            <tr key={each.tensor}>
              <th scope="row" title={each.tensor}>
                {labelOf(clippedName(each))}
              </th>
              <td className="number">{interval(each.range)}</td>
              <td className="number">{percent(each.share)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </details>
  );
}
