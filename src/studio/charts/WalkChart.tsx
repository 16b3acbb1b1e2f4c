import { type Key, type MouseEvent, memo, useMemo, useRef } from "react";
import { Line, LineChart, ReferenceDot, Tooltip, XAxis, YAxis } from "recharts";
import type { ErrorWalk, WalkStep } from "../../engine/model/sensitivity.ts";
import { clamp } from "../../engine/values/clamp.ts";
import { decibel } from "../../engine/values/units.ts";
import { SaveChart } from "./SaveChart.tsx";
import { useWidth } from "./useWidth.ts";
import { lossOf, marksOf } from "./walk.ts";
import "./WalkChart.css";

const HEIGHT = 220;
const AXIS = 52;
const RIGHT = 14;
const TOP = 16;
const BOTTOM = 4;
const DEPTHS = 20;
const MOST_DB = 150;
/** More dots than these run into each other. */
const MOST_DOTS = 80;

interface Props {
  readonly walk: ErrorWalk;
  /** The layers of the one list of culprits, worst first; null where there is none. */
  readonly culprits: readonly string[] | null;
  /** The layer whose place is shown. */
  readonly selected: string | null;
  readonly onSelect: (layer: string) => void;
}

interface Point {
  readonly depth: number;
  readonly sqnr: number;
  readonly step: WalkStep;
}

interface DotProps {
  readonly key?: Key | null;
  readonly cx?: number;
  readonly cy?: number;
  readonly payload?: Point;
}

/** SQNR at every layer's output against its place in graph order; numbers mark culprits, or without a list of these where most is lost. */
export function WalkChart({ walk, culprits, selected, onSelect }: Props) {
  const frame = useRef<HTMLDivElement>(null);
  const width = useWidth(frame);
  const last = walk.steps.length - 1;
  const place = selected === null ? -1 : walk.steps.findIndex(({ layer }) => layer === selected);
  const inside = width - AXIS - RIGHT;
  const choose = (event: MouseEvent) => {
    const x = event.clientX - frame.current!.getBoundingClientRect().left - AXIS;
    const step = walk.steps[Math.round((x / inside) * last)];
    if (step) onSelect(step.layer);
  };
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the arrow keys walk the layers, and the table has buttons
    // biome-ignore lint/a11y/noStaticElementInteractions: as above
    <div
      ref={frame}
      className="walk-chart chart-frame"
      style={{ height: HEIGHT }}
      onClick={choose}
      data-testid="walk-chart"
    >
      {width > 0 ? <Curve walk={walk} culprits={culprits} width={width} /> : null}
      <SaveChart
        frame={frame}
        name="SQNR along the layers"
        table={() => walk.steps.map(({ layer, sqnr }) => ({ layer, "SQNR in dB": sqnr }))}
      />
      {place >= 0 && width > 0 ? (
        <div
          className="walk-place"
          style={{ left: AXIS + (last > 0 ? place / last : 0) * inside, top: TOP, bottom: BOTTOM + DEPTHS }}
        />
      ) : null}
    </div>
  );
}

/** The curve alone, which is not drawn anew when another layer is selected. */
const Curve = memo(function Curve({
  walk,
  culprits,
  width,
}: Pick<Props, "walk" | "culprits"> & { readonly width: number }) {
  const { points, marks, low, high, ticks } = useMemo(() => plotted(walk, culprits), [walk, culprits]);
  return (
    <LineChart
      data={points as Point[]}
      width={width}
      height={HEIGHT}
      margin={{ left: 0, right: RIGHT, top: TOP, bottom: BOTTOM }}
      accessibilityLayer={false}
      title="SQNR at every layer’s output, in graph order; the table below has the figures"
    >
      <XAxis
        dataKey="depth"
        type="number"
        domain={[1, Math.max(2, points.length)]}
        allowDecimals={false}
        tickLine={false}
        stroke="var(--muted)"
        fontSize={11}
        height={DEPTHS}
      />
      <YAxis
        domain={[low, high]}
        ticks={ticks}
        allowDataOverflow
        width={AXIS}
        unit=" dB"
        tickLine={false}
        stroke="var(--muted)"
        fontSize={11}
      />
      <Tooltip content={<StepFigures />} isAnimationActive={false} cursor={{ stroke: "var(--line-strong)" }} />
      <Line
        dataKey="sqnr"
        stroke="var(--ink)"
        strokeWidth={1.5}
        dot={
          points.length <= MOST_DOTS &&
          (({ key, cx, cy, payload }: DotProps) =>
            marks.some(({ point }) => point === payload) ? (
              <g key={key} />
            ) : (
              <circle key={key} cx={cx} cy={cy} r={2} fill="var(--ink)" />
            ))
        }
        isAnimationActive={false}
      />
      {marks.map(({ point, place }) => (
        <ReferenceDot
          key={point.step.layer}
          x={point.depth}
          y={point.sqnr}
          r={8}
          className="walk-mark"
          label={{ value: place, className: "walk-mark-label" }}
        />
      ))}
    </LineChart>
  );
});

/** Points within whole tens of decibels; a step without any error lies at the upper edge. */
function plotted(walk: ErrorWalk, culprits: readonly string[] | null) {
  const finite = walk.steps.map(({ sqnr }) => sqnr).filter(Number.isFinite);
  const low = Math.floor(Math.min(...finite, MOST_DB) / 10) * 10;
  const high = Math.max(low + 10, Math.ceil(Math.max(...finite, low) / 10) * 10);
  const every = high - low > 60 ? 20 : 10;
  const ticks = Array.from({ length: Math.floor((high - low) / every) + 1 }, (_, index) => low + index * every);
  const points = walk.steps.map(
    (step, index): Point => ({ depth: index + 1, sqnr: clamp(step.sqnr, low, high), step }),
  );
  const marks = marksOf(walk, culprits).map(({ step, place }) => ({ point: points[walk.steps.indexOf(step)]!, place }));
  return { points, marks, low, high, ticks };
}

function StepFigures({ payload }: { readonly payload?: readonly { readonly payload?: Point }[] }) {
  const step = payload?.[0]?.payload?.step;
  if (!step) return null;
  const loss = lossOf(step);
  return (
    <div className="tooltip">
      {step.layer}: SQNR {decibel(step.sqnr)}
      {loss === null ? "" : `, ${loss < 0 ? "gains" : "loses"} ${decibel(Math.abs(loss))}`}
    </div>
  );
}
