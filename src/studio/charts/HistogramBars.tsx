import { memo } from "react";
import { Bar, BarChart, XAxis, YAxis } from "recharts";
import { barHeight, type Plot } from "./scale.ts";

interface Props {
  readonly counts: readonly number[];
  readonly logarithmic: boolean;
  readonly plot: Plot;
  readonly width: number;
  readonly height: number;
}

/** The bars alone. Drawn anew only when the counts are: what moves with the pointer lies over them. */
export const HistogramBars = memo(function HistogramBars({ counts, logarithmic, plot, width, height }: Props) {
  const data = counts.map((count, bin) => ({ bin, height: barHeight(count, logarithmic) }));
  return (
    <BarChart
      data={data}
      width={width}
      height={height}
      margin={{ left: plot.left, right: width - plot.right, top: plot.top, bottom: height - plot.bottom }}
      barCategoryGap={0}
      barGap={0}
      accessibilityLayer={false}
    >
      <XAxis dataKey="bin" hide />
      <YAxis hide domain={[0, "dataMax"]} />
      <Bar dataKey="height" fill="var(--bar)" stroke="var(--bar)" strokeWidth={0.6} isAnimationActive={false} />
    </BarChart>
  );
});
