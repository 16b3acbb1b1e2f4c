import { memo } from "react";
import { Line, LineChart, XAxis, YAxis } from "recharts";
import type { Plot } from "./scale.ts";

export interface CurvePoint {
  readonly share: number;
  readonly mse: number;
}

interface Props {
  readonly points: readonly CurvePoint[];
  readonly plot: Plot;
  readonly width: number;
  readonly height: number;
}

/** Expected MSE, on a logarithmic axis, against the share of the min-max range that is kept. */
export const ErrorCurve = memo(function ErrorCurve({ points, plot, width, height }: Props) {
  return (
    <LineChart
      data={points as CurvePoint[]}
      width={width}
      height={height}
      margin={{ left: plot.left, right: width - plot.right, top: plot.top, bottom: height - plot.bottom }}
      accessibilityLayer={false}
    >
      <XAxis dataKey="share" type="number" domain={[0, 1]} hide />
      <YAxis hide scale="log" domain={["dataMin", "dataMax"]} allowDataOverflow />
      <Line dataKey="mse" dot={false} stroke="var(--ink)" strokeWidth={1.5} isAnimationActive={false} />
    </LineChart>
  );
});
