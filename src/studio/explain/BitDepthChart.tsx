import { memo, useMemo, useRef } from "react";
import { Line, LineChart, ReferenceLine, XAxis, YAxis } from "recharts";
import type { BitDepth } from "../../engine/model/bitDepth.ts";
import { significant } from "../../engine/values/figures.ts";
import { SaveChart } from "../charts/SaveChart.tsx";
import { useWidth } from "../charts/useWidth.ts";
import type { Signal } from "./useSignal.ts";

const HEIGHT = 190;

interface Props {
  readonly signal: Signal;
  readonly bits: number;
  readonly depth: BitDepth;
}

/** A stretch of the signal: the float values, and over them the steps that their codes stand for. */
export const BitDepthChart = memo(function BitDepthChart({ signal, bits, depth }: Props) {
  const frame = useRef<HTMLElement>(null);
  const width = useWidth(frame);
  const { values, start, stretch } = signal;
  const points = useMemo(
    () =>
      Array.from(values.subarray(start, start + stretch), (float, offset) => ({
        index: start + offset,
        float,
        quantized: depth.quantized[start + offset] ?? 0,
      })),
    [values, start, stretch, depth],
  );
  const [low, high] = useMemo(() => roomFor(points.map(({ float }) => float)), [points]);
  return (
    <figure ref={frame} className="bit-chart chart-frame" data-testid="bit-chart">
      <figcaption className="muted small">
        <span className="bit-key float" aria-hidden="true" /> float{" "}
        <span className="bit-key quantized" aria-hidden="true" /> at {bits} bits; {points.length} values, from number{" "}
        {start + 1}
      </figcaption>
      <div style={{ height: HEIGHT }}>
        {width > 0 ? (
          <LineChart
            data={points}
            width={width}
            height={HEIGHT}
            margin={{ left: 0, right: 8, top: 6, bottom: 0 }}
            accessibilityLayer={false}
            title={`The values in float and at ${bits} bits`}
          >
            <XAxis
              dataKey="index"
              type="number"
              domain={["dataMin", "dataMax"]}
              tickLine={false}
              stroke="var(--muted)"
              fontSize={11}
              height={20}
            />
            <YAxis
              domain={[(least: number) => Math.min(least, low), (most: number) => Math.max(most, high)]}
              width={54}
              tickFormatter={significant}
              tickLine={false}
              stroke="var(--muted)"
              fontSize={11}
            />
            <ReferenceLine y={0} stroke="var(--line-strong)" />
            <Line
              dataKey="float"
              stroke="var(--precision-float32)"
              strokeWidth={1.5}
              dot={false}
              isAnimationActive={false}
            />
            <Line
              dataKey="quantized"
              type="step"
              stroke="var(--precision-int8)"
              strokeWidth={2}
              dot={false}
              isAnimationActive={false}
            />
          </LineChart>
        ) : null}
      </div>
      <SaveChart frame={frame} name={`values at ${bits} bits`} table={() => points.map((point) => ({ ...point }))} />
    </figure>
  );
});

/** The ends of an axis that holds the values at most bit depths, so that it stays while the bits change. */
function roomFor(values: readonly number[]): readonly [low: number, high: number] {
  const low = Math.min(...values);
  const high = Math.max(...values);
  const room = (high - low) / 5;
  return [low < 0 ? low - room : low, high + room];
}
