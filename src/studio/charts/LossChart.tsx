import { memo, useMemo, useRef } from "react";
import { Line, LineChart, ReferenceLine, Tooltip, XAxis, YAxis } from "recharts";
import type { LossPoint } from "../../engine/model/rounding.ts";
import { count } from "../../engine/values/figures.ts";
import { decibel } from "../../engine/values/units.ts";
import { decibelsOf } from "./loss.ts";
import { SaveChart } from "./SaveChart.tsx";
import { ticks } from "./scale.ts";
import { useWidth } from "./useWidth.ts";
import "./LossChart.css";

const HEIGHT = 190;
const LEAST_DB = 1;

interface Props {
  readonly layer: string;
  readonly curve: readonly LossPoint[];
  /** How far the curve goes when it is whole. */
  readonly iterations: number;
  /** The loss of rounding to nearest; null where it is not known yet. */
  readonly nearest: number | null;
}

interface Point {
  readonly iteration: number;
  readonly error: number;
}

/** The loss of one layer as its rounding is learned, in decibels, with that of rounding to nearest. */
export const LossChart = memo(function LossChart({ layer, curve, iterations, nearest }: Props) {
  const frame = useRef<HTMLDivElement>(null);
  const width = useWidth(frame);
  const points = useMemo(
    () => curve.map(({ iteration, loss }): Point => ({ iteration, error: decibelsOf(loss) })),
    [curve],
  );
  const line = nearest === null ? null : decibelsOf(nearest);
  const values = [...points.map(({ error }) => error), ...(line === null ? [] : [line])].filter(Number.isFinite);
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const room = Math.max((most - least) * 0.1, LEAST_DB);
  const range = values.length > 0 ? { low: least - room, high: most + room } : { low: -20, high: 0 };
  return (
    <div ref={frame} className="loss-chart chart-frame" style={{ height: HEIGHT }} data-testid="loss-chart">
      {width > 0 ? (
        <LineChart
          data={points as Point[]}
          width={width}
          height={HEIGHT}
          margin={{ left: 0, right: 16, top: 22, bottom: 4 }}
          accessibilityLayer={false}
          title={`Loss of ${layer} against the iterations of learning; the table below has its end`}
        >
          <XAxis
            dataKey="iteration"
            type="number"
            domain={[0, iterations]}
            allowDecimals={false}
            tickLine={false}
            stroke="var(--muted)"
            fontSize={11}
            height={20}
          />
          <YAxis
            domain={[range.low, range.high]}
            ticks={ticks(range, 5) as number[]}
            tickFormatter={decibel}
            allowDataOverflow
            width={62}
            tickLine={false}
            stroke="var(--muted)"
            fontSize={11}
          />
          {line === null ? null : (
            <ReferenceLine
              y={line}
              className="loss-nearest"
              label={{ value: "rounded to nearest", position: "insideTopRight", className: "loss-label" }}
            />
          )}
          <Tooltip content={<PointFigures />} isAnimationActive={false} cursor={{ stroke: "var(--line-strong)" }} />
          <Line dataKey="error" stroke="var(--accent)" strokeWidth={1.5} dot={false} isAnimationActive={false} />
        </LineChart>
      ) : null}
      <SaveChart
        frame={frame}
        name={`loss of ${layer}`}
        table={() => points.map(({ iteration, error }) => ({ iteration, "error in dB": error }))}
      />
    </div>
  );
});

function PointFigures({ payload }: { readonly payload?: readonly { readonly payload?: Point }[] }) {
  const point = payload?.[0]?.payload;
  if (!point) return null;
  return (
    <div className="tooltip">
      Iteration {count(point.iteration)}: error {decibel(point.error)}
    </div>
  );
}
