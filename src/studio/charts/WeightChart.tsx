import { memo, useRef } from "react";
import { Bar, BarChart, ReferenceLine, Tooltip, XAxis, YAxis } from "recharts";
import type { WeightAnalysis } from "../../engine/model/analysis.ts";
import type { WeightScheme } from "../../engine/model/recipe.ts";
import { weightBits } from "../../engine/values/codes.ts";
import { count, interval, significant } from "../../engine/values/figures.ts";
import { decibel } from "../../engine/values/units.ts";
import { SaveChart } from "./SaveChart.tsx";
import { useWidth } from "./useWidth.ts";

const HEIGHT = 120;

interface Channel {
  readonly channel: number;
  readonly range: readonly [number, number];
  readonly scale: number;
  readonly sqnr: number;
}

interface Props {
  readonly weights: WeightAnalysis;
  readonly type: WeightScheme["type"];
}

const STEPS: Readonly<Record<WeightScheme["type"], number>> = {
  int8: 254,
  uint8: 255,
  int4: 15,
  uint4: 15,
  int2: 3,
  uint2: 3,
  nf4: 15,
  codebook16: 15,
  codebook256: 255,
  float8: 252,
};

/** From the smallest to the largest weight of every output channel. */
export const WeightChart = memo(function WeightChart({ weights, type }: Props) {
  const frame = useRef<HTMLDivElement>(null);
  const width = useWidth(frame);
  const data = weights.channels.map(
    (entry, channel): Channel => ({ channel, range: [entry.min, entry.max], scale: entry.scale, sqnr: entry.sqnr }),
  );
  return (
    <div ref={frame} className="weight-chart chart-frame" data-testid="weight-chart">
      {width > 0 ? (
        <BarChart
          data={data}
          width={width}
          height={HEIGHT}
          margin={{ left: 0, right: 8, top: 22, bottom: 0 }}
          barCategoryGap={data.length > 100 ? 0 : "15%"}
          title="Range of the weights of every output channel"
        >
          <XAxis dataKey="channel" tickLine={false} minTickGap={30} stroke="var(--muted)" fontSize={11} height={20} />
          <YAxis width={54} tickFormatter={significant} tickLine={false} stroke="var(--muted)" fontSize={11} />
          <ReferenceLine y={0} stroke="var(--line-strong)" />
          <Tooltip
            content={<ChannelFigures steps={STEPS[type]} />}
            isAnimationActive={false}
            cursor={{ fill: "var(--hover)" }}
          />
          <Bar
            dataKey="range"
            fill={`var(--precision-int${weightBits(type) === 8 ? 8 : 4})`}
            minPointSize={1}
            isAnimationActive={false}
          />
        </BarChart>
      ) : null}
      <SaveChart
        frame={frame}
        name={`weights of ${weights.name}`}
        table={() =>
          data.map(({ channel, range: [min, max], scale, sqnr }) => ({ channel, min, max, scale, "SQNR in dB": sqnr }))
        }
      />
    </div>
  );
});

interface FiguresProps {
  readonly steps: number;
  readonly payload?: readonly { readonly payload?: Channel }[];
}

function ChannelFigures({ steps, payload }: FiguresProps) {
  const channel = payload?.[0]?.payload;
  if (!channel) return null;
  const [low, high] = channel.range;
  return (
    <div className="tooltip">
      Channel {channel.channel}: {interval({ low, high })}, scale {significant(channel.scale)}, about{" "}
      {count(Math.ceil((high - low) / channel.scale))} of {steps} steps used, SQNR {decibel(channel.sqnr)}
    </div>
  );
}
