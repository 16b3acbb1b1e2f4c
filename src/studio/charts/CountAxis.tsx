import { memo } from "react";
import { count } from "../../engine/values/figures.ts";
import { countTicks, type Plot } from "./scale.ts";

interface Props {
  readonly counts: readonly number[];
  readonly logarithmic: boolean;
  readonly plot: Plot;
}

/** How many values the bars stand for. */
export const CountAxis = memo(function CountAxis({ counts, logarithmic, plot }: Props) {
  return (
    <g data-testid="count-axis">
      {countTicks(Math.max(0, ...counts), logarithmic, plot).map(({ value, y }) => (
        <g key={value} className="tick">
          <line x1={plot.left - 4} x2={plot.left} y1={y} y2={y} />
          <text x={plot.left - 6} y={y + 4} textAnchor="end">
            {count(value)}
          </text>
        </g>
      ))}
      <line className="axis" x1={plot.left} x2={plot.left} y1={plot.top} y2={plot.bottom} />
    </g>
  );
});
